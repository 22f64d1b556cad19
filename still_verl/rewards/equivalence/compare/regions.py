"""Sets of reals, end by end."""

import math
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Collection, Cut, Formula, Interpretations, Interval, Region
from still_verl.rewards.equivalence.compare.collections import same_items
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, all_of
from still_verl.rewards.equivalence.compare.formulas import same_formula
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


def region_and_collection(compare: Comparison, gold: Region, answer: Collection) -> Ternary:
    """Compare a region of isolated points with a list."""
    if not gold.cuts:
        return compare.refuse("kinds differ")
    points: list[Interpretations] = []
    for begin, end in zip(gold.cuts[::2], gold.cuts[1::2], strict=True):
        if begin.value != end.value:
            return compare.refuse("kinds differ")
        points.append((Formula("", Node("number", value=Fraction(begin.value))),))
    return same_items(compare, points, list(answer.items))


def collection_and_region(compare: Comparison, gold: Collection, answer: Region) -> Ternary:
    """Compare a list with a region of isolated points."""
    return region_and_collection(compare, answer, gold)


def region_and_formula(compare: Comparison, gold: Region, answer: Formula) -> Ternary:
    """Compare `x ∈ {5}` with `5`."""
    return region_and_collection(compare, gold, Collection(((answer,),)))


def formula_and_region(compare: Comparison, gold: Formula, answer: Region) -> Ternary:
    """Compare `5` with `x ∈ {5}`."""
    return region_and_collection(compare, answer, Collection(((gold,),)))


def same_interval(compare: Comparison, gold: Interval, answer: Interval) -> Ternary:
    """Compare ends and brackets."""
    if gold.brackets != answer.brackets:
        return compare.refuse("values differ")
    return all_of([same_formula(compare, gold.low, answer.low), same_formula(compare, gold.high, answer.high)])
