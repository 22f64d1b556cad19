"""Options in columns of their own: which letter is right, and when nothing says so."""

from typing import Any

import pytest

from still_verl.curation.adapters import auto
from still_verl.curation.reformulate import as_open_question
from still_verl.curation.rows import Fields, Row

FOUR = ["30", "40", "50", "60"]


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"choices": ["2", "3", "4"], "answer": "AB"}, "AB"),  # was A, and the last row B
        ({"choices": FOUR, "answer": "BC"}, "BC"),
        ({"choices": FOUR, "answer": "B"}, "B"),
        ({"choices": FOUR, "answer": 0}, "A"),
        ({"choices": FOUR, "answer": 4}, "4"),  # places that count from 1, or a value: no letter is known
        ({"choices": ["$1$", "$2$", "$3$", "$4$"], "answer": 2}, None),  # was C, though 2 may be the value
        ({"choices": ["\\(1\\)", "\\(2\\)", "\\(3\\)"], "answer": 2}, None),
        ({"choices": ["1 cm", "2 cm", "3 cm"], "answer": 2}, None),
        ({"choices": ["1.0", "2.0", "3.0"], "answer": 2}, None),
        ({"choices": ["0", "1", "2"], "answer": 2}, "C"),
        ({"choices": ["x", "2x", "x+2"], "answer": 2}, "C"),
        ({"choices": {"label": [1, 2, 3], "text": ["1", "2", "3"]}, "answer": 2}, "B"),  # the labels say so
        ({"choices": {"label": ["A", "B", "C"], "text": ["8", "9", "10"]}, "answer": 2}, "C"),
        ({"choices": FOUR, "answer": True, "solution": "\\boxed{40}"}, "\\boxed{40}"),  # was "true"
        ({"choices": FOUR, "correct": True, "solution": "\\boxed{40}"}, "\\boxed{40}"),
        ({"choices": ["True", "False"], "answer": True}, "true"),
    ],
)
def test_the_letter_of_the_right_option(row: dict[str, Any], answer: str | None) -> None:
    assert auto({"question": "What is 1+1?", **row}).answer == answer


def test_options_are_put_behind_a_problem_that_has_no_options() -> None:
    """A single mark only names something."""
    asked = "Factor out (a) from the sum."
    assert auto({"question": asked, "choices": ["2", "3"], "answer": "B"}).problem == f"{asked}\n(A) 2\n(B) 3"
    asked = "What is it?\n(A) 2\n(B) 3"
    assert auto({"question": asked, "choices": ["2", "3"], "answer": "B"}).problem == asked


def test_an_option_that_only_other_rows_have_is_left_out() -> None:
    fields = auto({"question": "What is it?", "choices": {"A": "3", "B": "4", "C": None}, "answer": "B"})
    assert fields.problem == "What is it?\n(A) 3\n(B) 4" and fields.answer == "B"


def test_constants_before_a_question_are_no_options() -> None:
    """The problem became "Consider the three given constants:"."""
    problem = "Consider the three given constants: (a) 5, (b) 7, (c) 9. What is the smallest of the numbers?"
    assert as_open_question(Row(Fields(problem, "5"), "1", "f")).problem == problem
