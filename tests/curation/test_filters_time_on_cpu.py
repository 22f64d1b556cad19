"""No text keeps a filter busy."""

import time

import pytest

from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row


def row(problem: str, answer: str) -> Row:
    return Row(Fields(problem, answer), "1", "f")


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        ("What is it?", "a." + " ;" * 30_000),
        ("\\[" * 30_000, "x+1"),
        ("$" * 60_001, "x"),
        ("is" + "$ " * 30_000, "$ " * 30),
        ("in the passage use " * 5_000, "3"),
    ],
    ids=["parts", "brackets", "dollars", "stated", "words"],
)
def test_no_text_keeps_a_filter_busy(name: str, problem: str, answer: str) -> None:
    started = time.thread_time()
    FILTERS.find(name)(row(problem, answer))
    assert time.thread_time() - started < 5  # one that goes back and forth over the text takes half a minute


HOSTILE = [
    *("(a) ", "(A)", "answer is ", "A. ", "as shown ", "prove that ", "$", "\\boxed{", "(", "1, ", "the ", "[x"),
    *(
        "which ",
        "and which ",
        "which of the following ",
        ", and why ",
        "define ",
        "is it or ",
        ", is or",
        ". A ",
        "and (a) ",
    ),
    *(
        "use it to show that ",
        "Show that $ is ",
        ". Show that u = ",
        "(see ",
        "draw the ",
        "in words ",
        "(F) (G) ",
        "? ",
    ),
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("end", ["", "?", "."])
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_problems_take_linear_time(piece: str, end: str) -> None:
    long = row(piece * 20_000 + end, piece * 1000)
    for name in FILTERS:
        FILTERS.find(name)(long)


# What makes a pattern try each place of a text from each other one: the text before, what is repeated, the text behind.
LONG = [
    ("See the figure. ", "|", ""),
    ("See the figure. ", "|\n", ""),
    ("In the chart ", "| 12 | 13 ", ""),
    ("See the figure. ", "| -- ", ""),
    ("See the figure. ", "![", ""),
    ("See the figure. ", "http://", ""),
    ("", "\\includegraphics[", ""),
    ("What is it? (a) x (b) y ", "$", " x"),
    ("What? (a) ;\\rm", " ", "x"),
    ("What is x", "\n", "y?"),
    ("", "\\[x", "12+3"),
    ("", "\\(x", ""),
    ("Find x. How do you know", "-", "?x"),
    ("", "what is ", ". Prove that x"),
    ("", "what ", ". Show that $x$ is 3"),
    ("", "and how many ", "Explain"),
    ("Explain. ", ". which x ", ""),
    ("The area is shaded. ", "the shaded area of figure 1 below ", ""),
    ("Find n that ", "satisfies ", ": (a) x; (b) y"),
    ("What is it?", "\na) x", ""),
    ("Show ", "$x", ""),
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("lines", [False, True], ids=["one line", "many lines"])
@pytest.mark.parametrize(("before", "piece", "behind"), LONG)
def test_long_repetitions_take_linear_time(before: str, piece: str, behind: str, lines: bool) -> None:
    piece = piece + "\n" if lines else piece
    long = row(before + piece * (100_000 // len(piece)) + behind, "12")
    started = time.thread_time()
    for name in FILTERS:
        FILTERS.find(name)(long)
    assert time.thread_time() - started < 5
