"""The entry point: what holds between its two readings, and for right answers with alternatives."""

import pytest

from still_verl.rewards.equivalence.verify import in_caller, verify


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        # A list that the lenient reading takes for a set: the fuzzer found that it lost what the strict one accepts.
        (r"1,3,5,3-10^{20}0^{20}", "1,3,5,3,"),
        (r"(-\infty, -5)", "k < -5"),
    ],
)
def test_the_lenient_reading_accepts_what_the_strict_one_does(gold: str, answer: str) -> None:
    assert verify(gold, answer, "strict") and verify(gold, answer, "lenient")


def test_a_verdict_says_its_reading() -> None:
    assert verify("3", "4", "lenient").reading == "lenient"
    with pytest.raises(ValueError, match="reading='generous' is not one of strict, lenient"):
        verify("3", "3", "generous")  # type: ignore[arg-type]


def test_of_several_right_answers_one_is_enough() -> None:
    assert verify(["3", "5"], "5")
    assert verify(["3", "5"], "4").reason == verify("3", "4").reason


@pytest.mark.parametrize(
    "answer", ["\\\\", "\\\\\\\\", "\\ ", "\n", "\\", "{}", r"\text{}", "&", r"\begin{cases} \end{cases}"]
)
@pytest.mark.parametrize("gold", ["2:3", "19:60", "4:30 p.m.", "7", "(1,2)", r"\text{yes}"])
def test_an_answer_that_says_nothing_is_paid_for_no_gold(gold: str, answer: str) -> None:
    """The text of a ratio was not kept: once, an empty answer was equal to it."""
    for reading in ("strict", "lenient"):
        assert not in_caller(gold, answer, reading)[0]
        assert not in_caller(answer, gold, reading)[0]
