"""Sets of reals, end by end."""

from still_verl.rewards.equivalence.answer_types import Region
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, all_of
from still_verl.rewards.equivalence.compare.formulas import same_formula


def same_region(compare: Comparison, gold: Region, answer: Region) -> Ternary:
    """Say whether the same places around the ends are members, and the ends are equal formulas."""
    if gold.members != answer.members:
        return compare.refuse("values differ")
    ends = zip(gold.ends, answer.ends, strict=True)
    return all_of(same_formula(compare, left.formula, right.formula) for left, right in ends)
