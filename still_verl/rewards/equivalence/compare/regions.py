"""Sets of reals, end by end."""

import math
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Collection, Cut, Formula, Interval, Region
from still_verl.rewards.equivalence.compare.collections import same_items
from still_verl.rewards.equivalence.compare.comparison import Comparison, Truth, all_of, rule
from still_verl.rewards.equivalence.compare.formulas import same_formula
from still_verl.rewards.equivalence.identity import close
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.rounding import rounds_to, same_decimal


@rule(Region, Region)
def same_region(compare: Comparison, gold: Region, answer: Region) -> Truth:
    """The same cuts."""
    if len(gold.cuts) != len(answer.cuts):
        return False
    return all(
        left.after == right.after and _same_end(left, right) for left, right in zip(gold.cuts, answer.cuts, strict=True)
    )


def _same_end(left: Cut, right: Cut) -> bool:
    if left.value == right.value or not (math.isfinite(left.value) and math.isfinite(right.value)):
        return left.value == right.value
    if left.decimals and right.decimals:
        return same_decimal(_literal(left), _literal(right))
    if left.decimals or right.decimals:
        decimal, exact = (left, right) if left.decimals else (right, left)
        return rounds_to(Fraction(exact.value), _literal(decimal))
    return bool(close(left.value + 0j, right.value + 0j))


def _literal(cut: Cut) -> Node:
    return Node("number", value=Fraction(cut.value).limit_denominator(10**cut.decimals), decimals=cut.decimals)


@rule(Region, Collection)
def region_of_points(compare: Comparison, gold: Region, answer: Collection) -> Truth:
    """A region of isolated points against a list."""
    points_only = zip(gold.cuts[::2], gold.cuts[1::2], strict=True)
    if not gold.cuts or any(begin.value != end.value for begin, end in points_only):
        return False
    items = tuple((Formula("", Node("number", value=Fraction(cut.value))),) for cut in gold.cuts[::2])
    return same_items(compare, list(items), list(answer.items))


@rule(Interval, Interval)
def same_interval(compare: Comparison, gold: Interval, answer: Interval) -> Truth:
    """The same ends and brackets."""
    if gold.brackets != answer.brackets:
        return False
    return all_of([same_formula(compare, gold.low, answer.low), same_formula(compare, gold.high, answer.high)])


@rule(Collection, Region)
def points_of_region(compare: Comparison, gold: Collection, answer: Region) -> Truth:
    """A list against a region of isolated points."""
    return region_of_points(compare, answer, gold)
