"""When two numbers count as the same."""

from fractions import Fraction

import pytest

from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.tolerance import close, rounds_to, same_decimal


def decimal(text: str) -> Node:
    return Node("number", value=Fraction(text), decimals=len(text.partition(".")[2]))


def test_fractions_are_exact_and_floats_are_close() -> None:
    assert close(Fraction(1, 3), Fraction(1, 3)) is True
    assert close(Fraction(1, 3), Fraction(10**12, 3 * 10**12 + 1)) is False
    assert close(1 + 0j, 1 + 1e-12 + 0j) is True
    assert close(1 + 0j, 1 + 1e-9 + 0j) is None  # rounding or a difference
    assert close(1 + 0j, 1 + 1e-6 + 0j) is False
    assert close(0j, 1e-6 + 0j, largest=1e9) is None  # the digits of a small difference of large numbers are lost
    assert close(Fraction(10**400), 1 + 0j) is False


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
        (complex(3.141592653589793), "3.1416", True),
        (complex(3.141592653589793), "3.14", False),
        (1j, "0.1", False),
    ],
)
def test_a_decimal_shows_an_exact_value(exact: Fraction | complex, shown: str, same: bool) -> None:
    assert rounds_to(exact, decimal(shown)) is same


@pytest.mark.parametrize(
    ("left", "right", "same"), [("165.47", "165.5", True), ("1.27", "1.3", False), ("0.5", "0.50", True)]
)
def test_the_shorter_decimal_is_the_longer_one_rounded(left: str, right: str, same: bool) -> None:
    assert same_decimal(decimal(left), decimal(right)) is same
    assert same_decimal(decimal(right), decimal(left)) is same
