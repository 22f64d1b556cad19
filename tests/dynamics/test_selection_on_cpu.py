"""Each rule on groups made by hand, and what is left of GRPO's statistics."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from still_verl.dynamics.registries import SELECTION_RULES
from still_verl.dynamics.selection import Group, Rule, select
from still_verl.dynamics.settings import SelectionConfig

Y, N = True, False


def group(correct: list[bool], tokens: list[int], finished: list[bool] | None = None) -> Group:
    ended = np.array(finished or [True] * len(tokens))
    return Group(np.array(correct), np.array(tokens), ended, np.array(correct, dtype=float))


def keeps(rule: str, samples: Group, **settings: list[float]) -> list[bool]:
    return list(SELECTION_RULES.find(rule)(samples, SelectionConfig(**settings)))


def test_overlong_drops_what_was_cut() -> None:
    assert keeps("overlong", group([Y, N, N], [5, 9, 9], [Y, N, Y])) == [Y, N, Y]


def test_void_drops_responses_with_a_turn_that_brings_nothing() -> None:
    samples = group([Y, N, N, Y], [5, 9, 9, 4])
    assert keeps("void", samples) == [Y, Y, Y, Y], "nobody has counted them"
    counted = replace(samples, void_turns=np.array([0, 1, 0, 2]))
    assert keeps("void", counted) == [Y, N, Y, N]
    assert select(["p"] * 4, counted, SelectionConfig(rules=["void", "overlong"])).tolist() == [Y, N, Y, N]


@pytest.mark.parametrize(
    ("correct", "kept"),
    [([Y] * 4, N), ([N] * 4, N), ([Y, N, N, N], Y), ([Y, N, N, N, N], N), ([Y, Y, Y, Y, N], N), ([Y, Y, Y, N], Y)],
)
def test_accuracy_lies_strictly_between_its_bounds(correct: list[bool], kept: bool) -> None:
    assert keeps("accuracy", group(correct, [1] * len(correct))) == [kept] * len(correct)


@pytest.mark.parametrize(
    ("correct", "tokens", "kept"),
    [
        ([Y, Y, N, N], [10, 20, 5, 9], Y),
        ([Y, Y, N, N], [1, 9, 5, 5], N),  # equal on average
        ([Y, N], [3, 4], N),
        ([Y, Y], [3, 4], N),
        ([N, N], [3, 4], N),
    ],
)
def test_question_compares_mean_lengths(correct: list[bool], tokens: list[int], kept: bool) -> None:
    assert keeps("question", group(correct, tokens)) == [kept] * len(tokens)


@pytest.mark.parametrize(
    ("correct", "tokens", "kept"),
    [
        ([Y, Y, N, N], [10, 20, 5, 9], [N, Y, Y, N]),
        ([N, Y, N, Y], [7, 6, 5, 4], [N, Y, Y, N]),
        ([Y, N], [4, 4], [N, N]),
        ([Y, N, N], [3, 4, 5], [N, N, N]),
        ([Y, Y], [3, 4], [N, N]),
        ([N, N], [3, 4], [N, N]),
    ],
)
def test_response_keeps_the_longest_right_and_the_shortest_wrong(
    correct: list[bool], tokens: list[int], kept: list[bool]
) -> None:
    assert keeps("response", group(correct, tokens)) == kept


def test_rules_work_group_by_group_each_on_what_the_one_before_left() -> None:
    uids = ["a", "b", "a", "b", "a", "b"]
    samples = group([Y, Y, N, N, N, Y], [9, 3, 5, 8, 4, 2], [Y, Y, Y, N, N, Y])
    config = SelectionConfig(rules=["overlong", "question"])
    # a: the cut one leaves, then 9 > 5. b: the only wrong one was cut, so there is nothing to compare.
    assert list(select(uids, samples, config)) == [Y, N, Y, N, N, N]


@pytest.mark.parametrize(
    "returned", [np.array([1, 0]), [True], np.array([[True, True]]), np.array(["a", "b"]), None], ids=str
)
def test_a_rule_of_the_users_that_returns_no_mask_is_named(monkeypatch: pytest.MonkeyPatch, returned: object) -> None:
    """numpy would take numbers for indices, and keep what the rule wanted to drop."""
    module = SimpleNamespace(odd=lambda group, settings: returned)
    monkeypatch.setitem(sys.modules, "rules_of_a_user", module)
    monkeypatch.setattr(SELECTION_RULES, "_loaded", {})
    with pytest.raises(
        ValueError, match="selection rule rules_of_a_user.odd returned .*: return a boolean for each of"
    ):
        select(["a", "a"], group([Y, N], [5, 6]), SelectionConfig(rules=["rules_of_a_user.odd"]))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (lambda group, settings: group.lengths, "AttributeError: 'Group' object has no attribute 'lengths'"),
        (lambda group, settings: [[True], [True, False]], "ValueError: setting an array element with a sequence"),
    ],
)
def test_a_rule_of_the_users_that_raises_is_named(monkeypatch: pytest.MonkeyPatch, rule: Rule, error: str) -> None:
    monkeypatch.setitem(sys.modules, "rules_of_a_user", SimpleNamespace(raises=rule))
    monkeypatch.setattr(SELECTION_RULES, "_loaded", {})
    with pytest.raises(ValueError, match=f"selection rule rules_of_a_user.raises raised {error}"):
        select(["a", "a"], group([Y, N], [5, 6]), SelectionConfig(rules=["rules_of_a_user.raises"]))


def test_what_a_rule_does_to_its_group_is_not_seen_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def wipes(group: Group, settings: SelectionConfig) -> np.ndarray:
        group.finished[:] = False
        return np.ones(len(group), dtype=bool)

    monkeypatch.setitem(sys.modules, "rules_of_a_user", SimpleNamespace(wipes=wipes))
    monkeypatch.setattr(SELECTION_RULES, "_loaded", {})
    samples = group([Y, N], [5, 6])
    config = SelectionConfig(rules=["rules_of_a_user.wipes", "overlong"])
    assert list(select(["a", "a"], samples, config)) == [Y, Y] and samples.finished.all()


def test_a_sample_that_is_left_alone_goes_too_unless_it_always_was() -> None:
    """GRPO gives a group of one its bare reward as advantage."""
    samples, config = group([Y, N, N], [5, 6, 7], [Y, N, Y]), SelectionConfig(rules=["overlong"])
    assert list(select(["a", "a", "b"], samples, config)) == [N, N, Y]


def test_advantages_are_those_of_the_samples_that_are_left() -> None:
    """GRPO over a group of which selection kept two: mean and deviation of these two, as counted by hand."""
    from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage

    uids, scores = np.array(["a"] * 4, dtype=object), np.array([1.0, 1.0, 0.0, 0.0])
    keep = select(list(uids), group([Y, Y, N, N], [10, 20, 5, 9]), SelectionConfig(rules=["response"]))
    rewards = torch.tensor([[0.0, score] for score in scores[keep]])
    advantages, _ = compute_grpo_outcome_advantage(rewards, torch.ones(2, 2), uids[keep])
    deviation = np.sqrt(0.5)  # of 1 and 0, unbiased
    assert advantages[:, 1].tolist() == pytest.approx([0.5 / deviation, -0.5 / deviation], rel=1e-5)
