"""What a text says about its variables, and that no text makes the pattern slow."""

import time

import pytest

from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.read.declarations import Declared, declared


@pytest.mark.parametrize(
    ("text", "kept", "names", "domains"),
    [
        (r"2k\pi, k \in \mathbb{Z}", "2kπ", "k", "ℤ"),
        (r"2k\pi \text{ for any integer } k", "2kπ", "k", "ℤ"),
        (r"n(n+1), n \in \mathbb{Z}^+", "n(n+1)", "n", "ℕ"),
        (r"f(x)=cx, c \in \mathbb{R}^+", "f(x)=cx", "c", "ℝ +"),
        (r"f(x)=x \text{ for all } x \in \mathbb{Q}", "f(x)=x", "x", "ℚ"),
        (r"f(x)=ax+b, \text{ where } a, b \text{ are real constants}", "f(x)=ax+b", "a b", "ℝ"),
        ("P(x)=x^2+c where c is a constant", "P(x)=x^2+c", "c", ""),
        (r"x_n=\frac1n \text{ for } n\ge1", r"x_n=\frac 1n", "n", ""),
    ],
)
def test_a_declaration_is_taken_off(text: str, kept: str, names: str, domains: str) -> None:
    assert declared(normalize(text)) == Declared(kept, frozenset(names.split()), frozenset(domains.split(",")) - {""})


@pytest.mark.parametrize(
    "text",
    [
        r"f(x)=x^2, x \ge 0",  # a condition of the function
        r"f(x)=x \text{ for all } x > 0",
        r"n < 5, n \ge 1",  # one of two bounds
        r"x=0, y \in \mathbb{R}",  # of another variable: part of the answer
        r"k \in \mathbb{Z}",
        "5 apples",
    ],
)
def test_what_is_part_of_the_answer_stays(text: str) -> None:
    assert declared(normalize(text)) == Declared(normalize(text))


@pytest.mark.parametrize("unit", [r"\text{ and } ", r"\text{ and } 元", r"\text{for some}\ ", "a, ", "k ∈ ℤ, ", "(∧"])
def test_no_text_makes_it_slow(unit: str) -> None:
    text = normalize(unit * (990 // len(unit)))
    started = time.thread_time()
    declared(text)
    assert time.thread_time() - started < 0.1
