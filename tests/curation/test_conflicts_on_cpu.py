"""Rows whose answers contradict each other are dropped if they ask the same, and kept if they only look alike."""

from pathlib import Path

import pytest
from raw_problems import dropped, kept, run

LOOK_ALIKE = [
    (("Compute $2^{3+4}$ by hand.", "128"), ("Compute $2^3+4$ by hand.", "12")),
    (("Find $x^{2y}$ for $x=2, y=3$.", "64"), ("Find $x^2y$ for $x=2, y=3$.", "12")),
    (("What is $\\sqrt{x-1}$ for $x=5$?", "2"), ("What is $\\sqrt{x}-1$ for $x=5$?", "\\sqrt5-1")),
    (("Find $\\frac{x+1}{2}$ if $x=3$.", "2"), ("Find $x+\\frac{1}{2}$ if $x=3$.", "7/2")),
    (("How many watts are 5 mW?", "0.005"), ("How many watts are 5 MW?", "5000000")),
    (("Find $x + 2X$ if $X = 1$ and $x = 5$.", "7"), ("Find $X + 2x$ if $X = 1$ and $x = 5$.", "11")),
    (("In triangle $ABC$ find $AB$ if $ab = 6$.", "6"), ("In triangle $ABC$ find $ab$ if $AB = 6$.", "7")),
    (("Find $\\{3+1/2\\}$ by hand.", "0.5"), ("Find $3+1/2$ by hand.", "3.5")),
    (("Find ${3+4 \\over 2}$ by hand.", "3.5"), ("Find $3+{4 \\over 2}$ by hand.", "5")),
]
ALIKE = [
    ("Find $x^{2}y$ for $x=2, y=3$.", "find  $x^2 y$ for $x = 2$, $y=3$ ."),
    ("What is \\textbf{the sum} of $3$ and ${10}$?", "What is the sum of 3 and 10?"),
    ("Compute $3 \\cdot 4$ by hand.", "Compute 3*4 by hand."),
    ("How many primes are below 10?", "how many primes are below 10?"),
    ("The sum of 3 and 4 is what?", "the sum of 3 And 4 is what?"),
    ("A train goes 50 km in 2 hours. How fast is it?", "a train goes 50 km in 2 hours. how fast is it?"),
    ("What is \\textbf{3 + 4} in digits?", "What is 3 + 4 in digits?"),
    ("What is $\\text{P(X=3)}$ for a die?", "What is $P(X=3)$ for a die?"),
    ("{Find \\textbf{3+4} and $2^{3+4}$.}", "Find $3+4$ and $2^{3+4}$."),
    ("FIND THE SUM OF 3 AND 4", "Find the sum of 3 and 4"),
]


@pytest.mark.parametrize("pair", LOOK_ALIKE)
def test_what_a_brace_or_a_capital_tells_apart_is_no_conflict(
    tmp_path: Path, pair: tuple[tuple[str, str], ...]
) -> None:
    """Both of the rows were once dropped."""
    rows = [{"id": str(number), "problem": text, "answer": gold} for number, (text, gold) in enumerate(pair)]
    run(tmp_path, [*rows, rows[0] | {"id": "again"}], filters=())
    assert len(kept(tmp_path / "out")) == 2 and set(dropped(tmp_path / "out").values()) == {"duplicate"}
    run(tmp_path, [*rows, rows[0] | {"id": "again", "answer": "77"}], filters=())
    gone = dropped(tmp_path / "out")
    assert gone == {"0": "conflict", "again": "conflict"}


@pytest.mark.parametrize("pair", ALIKE)
def test_one_problem_typed_in_two_ways_is_one(tmp_path: Path, pair: tuple[str, str]) -> None:
    """Both answers were once kept where a short word began with a capital, or a brace was for the layout."""
    rows = [{"id": str(number), "problem": text, "answer": str(number)} for number, text in enumerate(pair)]
    run(tmp_path, rows, filters=())
    assert set(dropped(tmp_path / "out").values()) == {"conflict"} and not kept(tmp_path / "out")


def test_tasks_with_tests_go_by_no_wording_and_their_tests_are_no_conflict(tmp_path: Path) -> None:
    """A task that asks to write a function was open-ended, and HumanEval beside HumanEval+ lost all of its tasks."""
    task = {
        "task_id": "t/1",
        "prompt": "def f(n):\n    # Please write a function to prove that n is prime. Explain.\n",
        "entry_point": "f",
        "test": "def check(f):\n    assert f(3)\n",
    }
    more = {**task, "task_id": "plus/1", "test": "def check(f):\n    assert f(3)\n    assert not f(4)\n"}
    run(tmp_path, [task, more])
    (row,) = kept(tmp_path / "out")
    assert row["ability"] == "code" and set(dropped(tmp_path / "out").values()) == {"duplicate"}
    run(tmp_path, [task, {"id": "a", "problem": task["prompt"], "answer": "7"}], filters=())
    assert set(dropped(tmp_path / "out").values()) == {"conflict"}
