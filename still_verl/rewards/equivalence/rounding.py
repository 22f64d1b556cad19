"""Decimals against exact values, and against each other, with one stated tolerance.

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


def rounds_to(exact: Number, decimal: Node) -> bool:
    """Whether `decimal` shows `exact`, a real number that is not an integer."""
    tolerance = RELATIVE
    if isinstance(exact, complex):
        if abs(exact.imag) > 1e-12 * max(1.0, abs(exact)):
            return False
        exact, tolerance = Fraction(exact.real), RELATIVE_TO_IRRATIONAL
    gap, place = abs(exact - decimal.value), Fraction(1, 10**decimal.decimals)
    if exact.denominator == 1:
        return gap == 0
    rounded, cut = gap <= place / 2, gap < place and abs(decimal.value) < abs(exact)
    return (rounded or cut) and gap <= tolerance * abs(exact)


def same_decimal(left: Node, right: Node) -> bool:
    """Whether the shorter of two decimals is the longer one rounded to its places."""
    shorter, longer = sorted((left, right), key=lambda node: node.decimals)
    gap = abs(left.value - right.value)
    return gap <= Fraction(1, 2 * 10**shorter.decimals) and gap <= RELATIVE * abs(longer.value)
