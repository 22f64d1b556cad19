import math
from typing import Any

import pytest

from still_verl.monitor.alarms.signals import family_member, read_signals, reader


def test_keywords_are_those_of_all_categories_that_a_run_logs() -> None:
    row = {"still/keywords/planning/per_1k_words": 50.0, "still/keywords/reflection/per_1k_words": 4.0}
    row |= {"still/keywords/planning/per_response": 9.0, "still/validation/keywords/planning/per_1k_words": 7.0}
    assert reader("keywords")(row) == 54 and reader("keywords")({}) is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "text", [1, 2], {}])
def test_what_is_no_finite_number_is_left_out(value: Any) -> None:
    readers = {"x": reader("a/metric"), "accuracy": reader("accuracy")}
    assert read_signals({"a/metric": value, "still/accuracy": 1}, readers) == {"accuracy": 1.0}


def test_a_signal_is_the_first_metric_that_is_there() -> None:
    assert reader("length")({"response_length/mean": 7.0}) == 7
    assert reader("truncated")({"completions/clipped_ratio": 0.25}) == 0.25
    assert reader("truncated")({"still/completion/finished": 0.25}) == 0.75


def test_verls_clip_ratio_is_not_truncation() -> None:
    """verl 0.9.1 compares with the longest response of the batch, and not with the limit."""
    assert reader("truncated")({"response_length/clip_ratio": 0.25}) is None


def test_advantages_that_are_all_equal_are_groups_without_signal() -> None:
    read = reader("without_signal")
    assert read({"critic/advantages/max": 0.0, "critic/advantages/min": 0.0}) == 1
    assert read({"critic/advantages/max": 1.2, "critic/advantages/min": -1.2}) == 0
    assert read({"frac_reward_zero_std": 0.25}) == 0.25 and read({}) is None


@pytest.mark.parametrize(
    ("metric", "member"),
    [
        ("val-core/openai/gsm8k/acc/mean@8", "validation/openai/gsm8k"),
        ("val-core/math500/reward/mean@1", "validation/math500"),
        ("val-aux/math500/reward/std@8", None),
        ("still/validation/accuracy", "validation/validation"),
        ("eval_math_reward", "validation/reward"),
        ("eval_loss", None),
        ("still/reward/style", "reward/style"),
        ("rewards/format_reward/mean", "reward/format_reward"),
        ("actor/entropy", None),
    ],
)
def test_validations_and_reward_terms_are_families(metric: str, member: str | None) -> None:
    assert family_member(metric) == member
