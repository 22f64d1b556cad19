"""Sets of reals, end by end."""

import math
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Cut, Region
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.tolerance import close, rounds_to, same_decimal


def same_region(compare: Comparison, gold: Region, answer: Region) -> Ternary:
    """Compare regions cut by cut."""
    if len(gold.cuts) != len(answer.cuts):
        return compare.refuse("values differ")
    for left, right in zip(gold.cuts, answer.cuts, strict=True):
        if left.after != right.after or not _same_end(left, right):
            return compare.refuse("values differ")
    return True


def _same_end(left: Cut, right: Cut) -> bool:
    if left.value == right.value:
        return True
    if not (math.isfinite(left.value) and math.isfinite(right.value)):
        return False
    if left.decimals and right.decimals:
        return same_decimal(_literal(left), _literal(right))
    if left.decimals:
        return rounds_to(Fraction(right.value), _literal(left))
    if right.decimals:
        return rounds_to(Fraction(left.value), _literal(right))
    return close(complex(left.value), complex(right.value)) is True


def _literal(cut: Cut) -> Node:
    # Cuts are floats: the nearest fraction of so many places is the decimal that was written.
    value = Fraction(cut.value).limit_denominator(10**cut.decimals)
    return Node("number", value=value, decimals=cut.decimals)
