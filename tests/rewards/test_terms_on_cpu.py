"""Terms against the formulas of their sources."""

import pytest

from still_verl.rewards import terms


def test_action_words_count_whole_and_in_any_case_up_to_twenty() -> None:
    assert terms.action_ratio("Wait, but however; ALTERNATIVELY verify") == 5 / 20
    assert terms.action_ratio("button awaits verifying") == 0
    assert terms.action_ratio("wait " * 50) == 1


def test_length_is_a_share_of_the_window() -> None:
    assert terms.length_ratio(4000, 16000) == 0.25
    assert terms.finished(15999, 16000) == 1
    assert terms.finished(16000, 16000) == 0


@pytest.mark.parametrize(("tokens", "penalty"), [(0, 0), (16384, 0), (18432, -0.5), (20480, -1), (30000, -1)])
def test_soft_overlong_is_the_formula_of_dapo(tokens: int, penalty: float) -> None:
    assert terms.soft_overlong(tokens, max_tokens=20480, buffer=4096) == penalty


def test_repetition_is_the_share_of_repeated_ngrams() -> None:
    assert terms.repetition("a b c d e f", words=2) == 0
    assert terms.repetition("a b a b a b", words=2) == pytest.approx(2 / 5 - 1)
    assert terms.repetition("short") == 0


@pytest.mark.parametrize(
    ("correct", "succeeded", "bonus"), [(True, 1, 1), (True, 9, 1), (True, 0, 0), (False, 9, 0), (False, 0, 0)]
)
def test_tools_pay_where_they_helped_and_not_by_their_number(correct: bool, succeeded: int, bonus: float) -> None:
    assert terms.useful_tools(correct, succeeded) == bonus
