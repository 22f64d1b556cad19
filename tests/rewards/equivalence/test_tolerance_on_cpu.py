"""When two numbers count as the same."""

from fractions import Fraction

import pytest

from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.precision import Number, precision
from still_verl.rewards.equivalence.tolerance import close, rounds_to, same_decimal

AT = precision(256)
PI = +AT.functions.pi
IMAGINARY = AT.functions.mpc(0, 1)


def decimal(text: str) -> Node:
    return Node("number", value=Fraction(text), decimals=len(text.partition(".")[2]))


def test_fractions_are_exact_and_floats_are_close() -> None:
    assert close(Fraction(1, 3), Fraction(1, 3)) is True
    assert close(Fraction(1, 3), Fraction(10**12, 3 * 10**12 + 1)) is False
    assert close(1.0, 1 + 1e-14) is True
    assert close(1.0, 1 + 4e-12) is None  # rounding or a difference
    assert close(1.0, 1 + 1e-6) is False
    assert close(1.0, 1 + 1e-6, lost=30) is None  # the digits that differ are lost
    assert close(Fraction(10**400), 1.0) is False


def test_more_digits_tell_more_numbers_apart() -> None:
    other = PI + AT.functions.ldexp(1, -100)
    assert close(PI, other) is True
    assert close(PI, other, bits=256) is False


@pytest.mark.parametrize(
    ("exact", "shown", "same"),
    [
        (Fraction(600, 7), "85.71", True),
        (Fraction(1, 3), "0.333", True),
        (Fraction(1, 3), "0.3", False),
        (Fraction(2, 3), "0.666", True),  # cut
        (Fraction(2, 3), "0.668", False),
        (Fraction(100), "100.4", False),
        (Fraction(100), "100.0", True),
        (PI, "3.1416", True),
        (PI, "3.14", False),
        (-PI, "-3.1416", True),
        (-PI, "3.1416", False),
        (IMAGINARY, "0.1", False),
        (AT.functions.exp(-1000), "0.000", False),  # no digit of it is shown
        (AT.functions.exp(10**9), "1.0", False),
    ],
)
def test_a_decimal_shows_an_exact_value(exact: Number, shown: str, same: bool) -> None:
    assert rounds_to(exact, decimal(shown)) is same


@pytest.mark.parametrize(
    ("left", "right", "same"), [("165.47", "165.5", True), ("1.27", "1.3", False), ("0.5", "0.50", True)]
)
def test_the_shorter_decimal_is_the_longer_one_rounded(left: str, right: str, same: bool) -> None:
    assert same_decimal(decimal(left), decimal(right)) is same
    assert same_decimal(decimal(right), decimal(left)) is same
