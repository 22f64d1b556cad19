"""When two numbers count as the same: those that rounding separated, and decimals within one stated tolerance.

A decimal stands for an exact value when it is that value rounded or cut to the places it shows and is within
`RELATIVE` of it, ten times closer if that value is irrational. So 85.71 is 600/7 and 0.333 is 1/3, but 0.3 is not. Of
two decimals the shorter must be the longer one rounded. An integer is exact: nothing is rounded to it, and it rounds to
nothing.
"""

from fractions import Fraction

from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.precision import Number, is_exact, precision

RELATIVE = Fraction(1, 1000)
RELATIVE_TO_IRRATIONAL = Fraction(1, 10_000)  # 3.14 is not π: who leaves a root or π means the exact value
SHORTEST = 100  # a decimal of fewer than three digits shows nothing but itself: 0.5 is not 1001/2003
MAX_SHOWN = 4_000  # digits of a value that decimals may show
_FLOAT_BITS = 53
_ROUNDED = 16  # bits, of a result whose arguments are right
_FLOAT_DIGITS = 15


def close(left: Number, right: Number, lost: int = 0, bits: int = _FLOAT_BITS) -> bool | None:
    """Say whether two values are the same number: exactly for fractions, within rounding for others.

    Args:
        left: one value.
        right: the other.
        lost: how many of their last bits may be wrong.
        bits: the precision of both.

    Returns:
        None when rounding hides whether they differ.
    """
    if is_exact(left, right):
        return bool(left == right)
    at = precision(bits)
    first, second = at.inexact(left), at.inexact(right)
    gap = abs(first - second)
    if gap == 0:
        return True
    size = at.magnitude(max(abs(first), abs(second)))
    if at.magnitude(gap) < size - at.lost:
        return True
    if at.magnitude(gap) > size - (bits - lost - _ROUNDED):  # more than what rounding explains
        return False
    return None


def rounds_to(exact: Number, decimal: Node) -> bool:
    """Say whether `decimal` shows `exact`, a real number that is not an integer."""
    tolerance = RELATIVE if is_exact(exact) else RELATIVE_TO_IRRATIONAL
    shown = exact if is_exact(exact) else _as_fraction(exact)
    if shown is None:
        return False
    exact = shown
    gap = abs(exact - decimal.value)
    if exact.denominator == 1:
        return bool(gap == 0)
    if abs(decimal.value) * 10**decimal.decimals < SHORTEST and gap:
        return False
    # No more digits count than a float prints: `1.4142135623730951` is a root of 2.
    place = max(Fraction(1, 10**decimal.decimals), abs(exact) / 10**_FLOAT_DIGITS)
    is_rounded = gap <= place / 2
    is_cut = gap < place and abs(decimal.value) < abs(exact)
    return bool((is_rounded or is_cut) and gap <= tolerance * abs(exact))


def _as_fraction(value: Number) -> Fraction | None:
    """A real number as a fraction; None for a complex one, and for one with too many digits to be shown."""
    if value.imag != 0:
        return None
    mantissa, exponent = value.real.man_exp  # without the sign
    if abs(exponent) > MAX_SHOWN:
        return None
    size = Fraction(mantissa) * Fraction(2) ** exponent
    return size if value.real > 0 else -size


def same_decimal(left: Node, right: Node) -> bool:
    """Say whether the shorter of two decimals is the longer one rounded to its places, a half away from zero."""
    shorter, longer = sorted((left, right), key=lambda decimal: decimal.decimals)
    gap = abs(left.value - right.value)
    half_a_place = Fraction(1, 2 * 10**shorter.decimals)
    is_rounded = gap < half_a_place or (gap == half_a_place and abs(shorter.value) > abs(longer.value))
    return is_rounded and gap <= RELATIVE * abs(longer.value)
