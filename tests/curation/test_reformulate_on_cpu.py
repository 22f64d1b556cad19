"""Multiple choice becomes an open question where that has one right answer, and stays what it is elsewhere."""

import pytest

from still_verl.curation.filters.answers import no_answer, prose_answer
from still_verl.curation.reformulate import as_open_question, text_of_option
from still_verl.curation.rows import Fields, Row


def row(problem: str, answer: str) -> Row:
    return Row(Fields(problem, answer), "1", "f")


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (r"$\frac{117}{2}$", r"\frac{117}{2}"),
        (r"\sqrt{2}", r"\sqrt{2}"),
        (r"$\pi$", r"\pi"),
        (r"$\{1,2\}$", r"\{1,2\}"),
        (r"\ 40", "40"),
        ("$15$ cm", "15$ cm"),
    ],
)
def test_a_value_that_begins_with_a_command_keeps_its_backslash(value: str, answer: str) -> None:
    asked = row(f"How much is it?\n(A) 4\n(B) {value}\n(C) 7", "B")
    assert as_open_question(asked).answer == answer
    assert text_of_option(asked) == answer and text_of_option(row("How much is it?", "B")) == ""


@pytest.mark.parametrize(
    "stem",
    [
        "The value of $x$ if $x + 77 = 83.2$ is closest to",
        "Which value is larger than 91?",
        "Two sides are 3 and 4. What could be the third side?",
        "What number is not a divisor of 12?",
        "方程的解可能为",
    ],
)
def test_a_question_that_has_many_answers_without_its_options_is_not_opened(stem: str) -> None:
    assert as_open_question(row(f"{stem}\n(A) 4\n(B) 6\n(C) 7", "B")).answer == "B"


def test_which_in_the_middle_of_a_sentence_asks_for_no_option() -> None:
    asked = row("Find the value of $x$ for which $x + 1 = 7$.\n(A) 4\n(B) 6\n(C) 7", "B")
    assert as_open_question(asked).answer == "6"


def test_answers_in_other_scripts_are_sentences_and_placeholders_too() -> None:
    russian = "Последовательность сходится к нулю при всех положительных значениях параметра"
    assert prose_answer(row("q", russian)) and prose_answer(row("q", "当且仅当三角形为等腰直角三角形时取得最小值"))
    for answer in ("等腰直角三角形", "星期三", "Вторник", "甲、乙"):
        assert not prose_answer(row("q", answer)), answer
    assert no_answer(row("q", "略")) and no_answer(row("q", "证明见解析。")) and not no_answer(row("q", "策略"))
