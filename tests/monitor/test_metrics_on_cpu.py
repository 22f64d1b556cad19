"""Each metric against the same figure written a second time, the slow way."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.interpreter.tool_stats import ToolStats
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import step_metrics, tool_use
from still_verl.monitor.repetition import novelty
from still_verl.monitor.rows import StepRows, with_finish_reasons
from still_verl.monitor.scripts import NAMES
from still_verl.rewards.presets import BOXED
from still_verl.rewards.sample import Sample
from still_verl.rewards.terms import repetition

TEXTS = ["Wait, \\boxed{1}", "no answer", "verify and verify: a b a b", ""]


def rows(infos: list[dict[str, Any]], extras: list[dict[str, Any]] | None = None) -> StepRows:
    n = len(infos)
    ids = [list(range(10 * (index + 1))) for index in range(n)]
    return StepRows(["p"] * n, np.arange(n) - 1.0, ["1"] * n, infos, extras or [{}] * n, ids)


def test_right_answers_that_cannot_be_read_are_a_share_of_the_responses_that_say_so() -> None:
    infos: list[dict[str, Any]] = [{"unreadable_gold": 1.0}, {"unreadable_gold": 0.0}, {"unreadable_gold": None}, {}]
    assert step_metrics(rows(infos), TEXTS, Keywords())["still/reward/unreadable_gold"] == 0.5


def test_every_figure_of_a_step_made_by_hand() -> None:
    infos: list[dict[str, Any]] = [
        {"acc": 1.0, "pred": "1", "term_correct": 1.0, "term_length": 0.5},
        {"acc": 0.0, "pred": "", "term_correct": 0.0},
        {"acc": 0.0, "pred": None, "term_correct": math.nan, "term_note": "x"},
        {"acc": 1.0, "pred": "2", "term_correct": True},
    ]
    extras = [{"finish_reason": "stop"}, {"finish_reason": "length"}, {}, {"finish_reason": "stop"}]
    assert step_metrics(rows(infos, extras), TEXTS, Keywords()) == pytest.approx(
        {
            "still/length/mean": 25,
            "still/length/p50": 25,
            "still/length/p95": 38.5,
            "still/length/correct_mean": 25,
            "still/length/wrong_mean": 25,
            "still/accuracy": 0.5,
            "still/completion/answered": 0.5,
            "still/completion/finished": 2 / 3,
            "still/reward/correct": 2 / 3,
            "still/reward/length": 0.5,
            "still/actions/mean": 3 / 4,
            "still/keywords/verification/per_response": 0.5,
            "still/keywords/verification/per_1k_words": 1000 * 2 / 11,
            "still/keywords/reflection/per_response": 0.25,
            "still/keywords/reflection/per_1k_words": 1000 / 11,
            "still/keywords/correction/per_response": 0,
            "still/keywords/correction/per_1k_words": 0,
            "still/repetition": 0,
            "still/distinct_2": (1 + 1 + 5 / 6) / 3,
            "still/groups/all_right": 0,
            "still/groups/all_wrong": 0,
            "still/groups/equal_reward": 0,
            "still/groups/distinct": 1,
            "still/groups/pass_at_n": 1,
            "still/groups/effective_batch": 4,
            "still/groups/reward_spread": math.sqrt(1.25),
            "still/repetition_characters": 0,
            "still/loops": 0,
            "still/boxes/mean": 0.25,
            "still/boxes/several": 0,
            "still/thoughts/unclosed": 0,
            "still/script/mixed": 0,
        }
        | {f"still/script/{name}": float(name == "latin") for name in NAMES}
    )


def test_a_mean_over_nothing_is_left_out() -> None:
    assert step_metrics(rows([]), [], Keywords()) == {}
    one = step_metrics(rows([{"acc": 1}]), [""], Keywords())
    assert one["still/length/correct_mean"] == 10 and "still/length/wrong_mean" not in one
    assert not {"still/distinct_2", "still/completion/finished", "still/keywords/reflection/per_1k_words"} & set(one)
    assert all(math.isfinite(value) for value in one.values())


def test_a_foreign_reward_that_tells_nothing_is_read_from_the_text() -> None:
    found = step_metrics(rows([{}, {}, {}]), ["\\boxed{3}", "the answer is 4", "?" * 400], Keywords())
    assert found["still/completion/answered"] == pytest.approx(2 / 3)
    assert found["still/accuracy"] == pytest.approx(1 / 3)  # scores -1, 0 and 1


def test_whether_a_response_was_cut_may_come_from_the_reward() -> None:
    found = step_metrics(rows([{"truncated": 1.0}, {"truncated": 0.0}, {}]), ["", "", ""], Keywords())
    assert found["still/completion/finished"] == 0.5


def test_whether_a_response_was_cut_is_read_from_its_tokens_if_nobody_says_so() -> None:
    told: list[dict[str, Any]] = [{"truncated": 1.0}, {}, {}]
    some = rows(told, [{}, {"finish_reason": "length"}, {}])  # of 10, 20 and 30 tokens, the last of them 9, 19 and 29
    for budget, stop, finished in ((30, 5, 0.0), (30, 29, 1 / 3), (31, 5, 1 / 3)):
        known = with_finish_reasons(some, budget, lambda stop=stop: frozenset({stop}))
        assert step_metrics(known, ["", "", ""], Keywords())["still/completion/finished"] == finished


@given(st.lists(st.sampled_from(["a", "b", "等", "c."]), max_size=80))
def test_novelty_is_that_of_sets_of_tuples(tokens: list[str]) -> None:
    repeated, distinct = novelty(" ".join(tokens))
    sample = Sample(" ".join(tokens), ("",), BOXED)
    assert repeated == pytest.approx(-repetition(sample))
    pairs = list(zip(tokens, tokens[1:], strict=False))
    assert distinct == (pytest.approx(len(set(pairs)) / len(pairs)) if pairs else None)


def test_responses_that_ended_for_another_reason_are_not_finished_and_are_shown() -> None:
    reasons = ["stop", "length", "turns", "turns"]
    found = step_metrics(rows([{}] * 4, [{"finish_reason": reason} for reason in reasons]), TEXTS, Keywords())
    assert (found["still/completion/finished"], found["still/completion/turns"]) == (0.25, 0.5)
    assert "still/completion/empty" not in found


def test_lengths_and_words_leave_out_what_programs_printed() -> None:
    extra = {"finish_reason": "stop", "tool_spans": [[2, 8]]}
    step = rows([{"acc": 1.0}], [extra])
    assert step.written(0) == [0, 1, 8, 9] and step_metrics(step, [""], Keywords())["still/length/mean"] == 4


def test_the_use_of_an_interpreter_per_response_and_per_call() -> None:
    def used(masked: int, **counts: Any) -> dict[str, Any]:
        use = asdict(ToolStats(seconds=0.5, **counts))
        return {f"tool_{k}": v for k, v in use.items()} | {"tool_masked_tokens": masked, "response_tokens": 10}

    first = used(4, calls=3, ok=1, timeout=1, unreadable=1, tier="full")
    found = tool_use(
        rows([{}] * 4, [first, used(2, calls=1, ok=1, tier="full"), used(0, void_turns=1, written_outputs=2), {}])
    )
    assert found == {
        "tool/calls": pytest.approx(4 / 3),
        "tool/seconds": 0.5,
        "tool/wait_seconds": 0.0,
        "tool/cap_reached": 0.0,
        "tool/resumed": 0.0,
        "tool/void_turns": pytest.approx(1 / 3),
        "tool/written_outputs": pytest.approx(2 / 3),
        "tool/other_calls": 0.0,
        "tool/use": pytest.approx(2 / 3),
        "tool/success": 0.5,
        "tool/error_ratio": 0.0,
        "tool/timeout_ratio": 0.25,
        "tool/crash_ratio": 0.0,
        "tool/missing_module_ratio": 0.0,
        "tool/not_permitted_ratio": 0.0,
        "tool/unavailable_ratio": 0.0,
        "tool/unreadable_ratio": 0.25,
        "tool/unknown_tool_ratio": 0.0,
        "tool/no_code_ratio": 0.0,
        "tool/too_many_ratio": 0.0,
        "tool/masked_token_ratio": pytest.approx(6 / 36),
        "tool/tier_full": 1.0,
    }
    assert tool_use(rows([{}])) == {}


def test_of_texts_that_are_not_read_nothing_is_counted_but_the_rest_is_of_all() -> None:
    step = rows([{"acc": 1.0, "pred": "4"}, {"acc": 0.0}, {"acc": 1.0, "pred": ""}, {"acc": 1.0}])
    texts = ["Wait, let me verify. \\boxed{4}", None, None, "one two"]
    found, alone = step_metrics(step, texts, Keywords()), step_metrics(step.only([0, 3]), texts[::3], Keywords())
    assert found["still/texts_read"] == 2 and "still/texts_read" not in alone
    assert found["still/accuracy"] == 0.75
    # The second has no reward that names an answer, and its text is not read, so that nothing is known of it.
    assert found["still/completion/answered"] == pytest.approx(1 / 3)
    counted = [name for name in alone if name.startswith(("still/keywords/", "still/repetition/", "still/actions"))]
    assert counted and {name: found[name] for name in counted} == {name: alone[name] for name in counted}
