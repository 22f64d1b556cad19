"""What a term sees, and what a job's data and a user's own functions may hand in."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.compose import score, score_sample, value_of
from still_verl.rewards.presets import BOXED, Preset
from still_verl.rewards.sample import Sample

Own = Callable[..., None]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Own:
    """Give a module of the user's, `own_rewards`, some functions; each test has names of its own."""
    import sys

    module = ModuleType("own_rewards")
    monkeypatch.setitem(sys.modules, "own_rewards", module)
    return lambda **functions: vars(module).update(functions)


def sample(text: str = r"\boxed{7}", references: tuple[str, ...] = ("7",), **seen: Any) -> Sample:
    return Sample(text, references, BOXED, **seen)


def test_the_transcript_is_the_text_where_no_tool_was_used() -> None:
    assert sample("a").transcript == "a"
    assert sample("a", transcript="a [7]").transcript == "a [7]"


def test_one_reference_of_several_must_be_met() -> None:
    assert sample(references=("3", "7")).verdict.equal
    assert not sample(references=("3", "4")).verdict.equal
    assert sample(references=()).verdict.reason == "unreadable gold"
    assert sample(references=("3", "((9!)!)!")).verdict.reason == "values differ"  # of the first


def test_lengths_and_calls_that_nobody_counted_are_errors_that_name_the_fix() -> None:
    assert sample(tokens=3, max_tokens=4).lengths == (3, 4)
    with pytest.raises(ValueError, match="reward_fns/length.py"):
        _ = sample(tokens=3).lengths
    assert sample(tool_ok=0).succeeded_calls == 0
    with pytest.raises(ValueError, match="still/rollout=code"):
        _ = sample().succeeded_calls


def test_a_term_cannot_change_what_the_next_one_sees() -> None:
    with pytest.raises(FrozenInstanceError):
        sample().text = "other"  # type: ignore[misc]


def test_references_are_text_in_whatever_form_they_were_given() -> None:
    assert sample(references=np.array([3, 4])).references == ("3", "4")  # type: ignore[arg-type]
    assert sample(references={"answer": b"7"}).references == ("7",)  # type: ignore[arg-type]
    assert sample(references="7").verdict.equal


def test_a_right_answer_that_cannot_be_read_says_so() -> None:
    seen = sample(references={"level": 7})  # type: ignore[arg-type]
    assert seen.references == ()
    assert seen.gold_fault.startswith("ground_truth={'level': 7} cannot be read")
    assert not seen.verdict.decided and not seen.verdict.equal


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (1, 1.0),
        (-0.5, -0.5),
        (True, 1.0),
        (np.float64(0.25), 0.25),
        (np.float32(0.25), 0.25),
        (np.int64(2), 2.0),
        (np.bool_(True), 1.0),
        (np.array(0.5), 0.5),
    ],
)
def test_a_term_may_return_any_number(own: Own, returned: object, value: float) -> None:
    name = f"number_{type(returned).__name__}"
    own(**{name: lambda sample: returned})
    paid = value_of(f"own_rewards.{name}", sample())
    assert (paid, type(paid)) == (value, float)


@pytest.mark.parametrize(
    "returned",
    [None, "1.0", float("nan"), float("inf"), np.float32("nan"), np.ones(2), np.ones((9, 9)), [1.0], 1j, 10**400],
    ids=str,
)
def test_a_term_that_returns_no_finite_number_is_named(own: Own, returned: object) -> None:
    name = f"no_number_{abs(hash(repr(returned)))}"
    own(**{name: lambda sample: returned})
    with pytest.raises(ValueError, match=f"own_rewards.{name} returned .*: return a finite number$") as refused:
        value_of(f"own_rewards.{name}", sample())
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


def test_a_term_that_raises_is_named(own: Own) -> None:
    own(raises=lambda sample: sample.extra_info["level"])
    said = "still.reward.weights: the term own_rewards.raises raised KeyError: 'level'; correct that function"
    with pytest.raises(ValueError, match=said):
        value_of("own_rewards.raises", sample())


def test_terms_of_a_users_own_are_paid_required_and_logged(own: Own) -> None:
    own(short=lambda sample: len(sample.text) < 12, polite=lambda sample: "please" in sample.text)
    preset = Preset({"correct": 1.0, "own_rewards.short": 0.5}, required=["own_rewards.polite"])
    row = score(r"please \boxed{7}", "7", preset)
    assert (row["score"], row["term_short"], row["term_polite"]) == (1.0, 0.0, 1.0)
    assert score(r"\boxed{7}", "7", preset)["score"] == 0.0


def test_a_term_that_is_not_there_is_an_error_at_its_first_use(own: Own) -> None:
    own(other=lambda sample: 1.0)
    preset = Preset({"own_rewards.othr": 1.0})
    with pytest.raises(ConfigError, match="own_rewards has no othr; .* did you mean other?"):
        score_sample(Sample("a", ("7",), preset))


def test_an_extractor_of_a_users_own_may_find_nothing(own: Own) -> None:
    own(last_word=lambda text: (text.split() or [""])[-1], nothing=lambda text: None)
    preset = Preset({"correct": 1.0}, extractors=["own_rewards.nothing", "own_rewards.last_word"])
    row = score("so it is 7", "7", preset)
    assert (row["score"], row["pred"], row["extracted_by"]) == (1.0, "7", "own_rewards.last_word")
    assert score("", "7", preset)["extracted_by"] == ""


@pytest.mark.parametrize(
    ("name", "extractor", "message"),
    [
        ("raises", lambda text: text.split()[5], "raised IndexError: list index out of range; return an empty text"),
        ("number", lambda text: 7, "returned 7: return the answer as text"),
    ],
)
def test_an_extractor_that_fails_is_named(own: Own, name: str, extractor: Any, message: str) -> None:
    own(**{name: extractor})
    preset = Preset({"correct": 1.0}, extractors=[f"own_rewards.{name}"])
    with pytest.raises(ValueError, match=f"still.reward.extractors: the extractor own_rewards.{name} {message}"):
        score("7", "7", preset)
