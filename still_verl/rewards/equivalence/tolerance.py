"""When two numbers count as the same: floats that rounding separated, and decimals within one stated tolerance.

A decimal stands for an exact value when it is that value rounded or cut to the places it shows and is within
`RELATIVE` of it, ten times closer if that value is irrational. So 85.71 is 600/7 and 0.333 is 1/3, but 0.3 is not. Of
two decimals the shorter must be the longer one rounded. An integer is exact: nothing is rounded to it, and it rounds to
nothing.
"""

from fractions import Fraction

from still_verl.rewards.equivalence.evaluate import Number
from still_verl.rewards.equivalence.node import Node

RELATIVE = Fraction(1, 1000)
RELATIVE_TO_IRRATIONAL = Fraction(1, 10_000)  # 3.14 is not π: who leaves a root or π means the exact value

_EQUAL = 1e-10  # relative difference of two floats that are the same number
_DIFFERENT = 1e-7  # and of two that are not; between them nothing is said
_LOST = 1e-12  # what rounding may have cost, relative to the largest intermediate result


def close(left: Number, right: Number, largest: float = 1.0) -> bool | None:
    """Say whether two values are the same number: exactly for fractions, within rounding for floats.

    Args:
        left: one value.
        right: the other.
        largest: the largest intermediate result on the way to either.

    Returns:
        None when rounding hides whether they differ.
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    try:
        first, second = complex(left), complex(right)
    except OverflowError:  # only one of them is beyond the floats
        return False
    gap = abs(first - second)
    scale = max(abs(first), abs(second))
    if gap <= _EQUAL * scale:
        return True
    if gap > _DIFFERENT * scale and gap > _LOST * largest:
        return False
    return None


def rounds_to(exact: Number, decimal: Node) -> bool:
    """Say whether `decimal` shows `exact`, a real number that is not an integer."""
    tolerance = RELATIVE
    if isinstance(exact, complex):
        if abs(exact.imag) > 1e-12 * max(1.0, abs(exact)):
            return False
        exact, tolerance = Fraction(exact.real), RELATIVE_TO_IRRATIONAL
    gap = abs(exact - decimal.value)
    if exact.denominator == 1:
        return gap == 0
    place = Fraction(1, 10**decimal.decimals)
    is_rounded = gap <= place / 2
    is_cut = gap < place and abs(decimal.value) < abs(exact)
    return (is_rounded or is_cut) and gap <= tolerance * abs(exact)


def same_decimal(left: Node, right: Node) -> bool:
    """Say whether the shorter of two decimals is the longer one rounded to its places."""
    shorter, longer = left, right
    if left.decimals > right.decimals:
        shorter, longer = right, left
    gap = abs(left.value - right.value)
    half_a_place = Fraction(1, 2 * 10**shorter.decimals)
    return gap <= half_a_place and gap <= RELATIVE * abs(longer.value)
