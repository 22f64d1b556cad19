"""Terms against the formulas of their sources."""

from dataclasses import replace
from typing import Any

import pytest

from still_verl.rewards import terms
from still_verl.rewards.presets import BOXED
from still_verl.rewards.sample import Sample


def sample(text: str = "", **seen: Any) -> Sample:
    return Sample(text, ("7",), BOXED, **seen)


def test_action_words_count_whole_and_in_any_case_up_to_twenty() -> None:
    assert terms.actions(sample("Wait, but however; ALTERNATIVELY verify")) == 5 / 20
    assert terms.actions(sample("button awaits verifying")) == 0
    assert terms.actions(sample("wait " * 50)) == 1


def test_what_a_program_printed_is_not_the_models_work() -> None:
    printed = sample("7", transcript="```output\nwait, but \\boxed{7}\n```\n7")
    assert terms.actions(printed) == 0
    assert terms.correct(printed) == 0


def test_length_is_a_share_of_the_window() -> None:
    assert terms.length(sample(tokens=4000, max_tokens=16000)) == 0.25
    assert terms.finished(sample(tokens=15999, max_tokens=16000)) == 1
    assert terms.finished(sample(tokens=16000, max_tokens=16000)) == 0
    assert terms.finished(sample(tokens=16000, max_tokens=16000, finished=True)) == 1


@pytest.mark.parametrize(("tokens", "penalty"), [(0, 0), (16384, 0), (18432, -0.5), (20480, -1), (30000, -1)])
def test_soft_overlong_is_the_formula_of_dapo(tokens: int, penalty: float) -> None:
    preset = replace(BOXED, overlong_buffer=4096)
    assert terms.overlong(Sample("", ("7",), preset, tokens=tokens, max_tokens=20480)) == penalty


def test_repetition_is_the_share_of_repeated_ngrams() -> None:
    words = [f"w{number}" for number in range(30)]
    assert terms.repetition(sample(" ".join(words))) == 0
    # 60 words have 41 20-grams, of which 30 are different: those that begin in the first 30 words.
    assert terms.repetition(sample(" ".join(words + words))) == pytest.approx(30 / 41 - 1)
    assert terms.repetition(sample("short")) == 0


@pytest.mark.parametrize(
    ("answer", "succeeded", "bonus"), [("7", 1, 1), ("7", 9, 1), ("7", 0, 0), ("8", 9, 0), ("8", 0, 0)]
)
def test_tools_pay_where_they_helped_and_not_by_their_number(answer: str, succeeded: int, bonus: float) -> None:
    assert terms.tools(sample(rf"\boxed{{{answer}}}", tool_ok=succeeded)) == bonus
