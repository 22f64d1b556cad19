"""Sets of reals as sorted cuts: the parts that every region is made of, and union, intersection and complement."""

import math
from dataclasses import replace

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Cut, Region


def between(low: Cut, low_closed: bool, high: Cut, high_closed: bool) -> Region:
    """Return the interval from `low` to `high`; an infinite end is never part of it."""
    begin = replace(low, after=not low_closed or low.value == -math.inf)
    end = replace(high, after=high_closed and high.value != math.inf)
    if begin < end:
        return Region((begin, end))
    return NOTHING


def point(at: Cut) -> Region:
    """Return the region of one number."""
    return between(at, True, at, True)


def half_line(relation: str, bound: Cut) -> Region:
    """Return all x for which `x relation bound`, where the relation is one of `<≤>≥=≠`."""
    first, last = EVERYTHING.cuts
    if relation in "<≤":
        return between(first, False, bound, relation == "≤")
    if relation in ">≥":
        return between(bound, relation == "≥", last, False)
    if relation == "=":
        return point(bound)
    return complement(point(bound))


def union(left: Region, right: Region) -> Region:
    """Return all that is in either. Regions that touch become one."""
    cuts: list[Cut] = []
    for begin, end in _pieces_in_order(left, right):
        if not cuts or cuts[-1] < begin:
            cuts += (begin, end)
        elif cuts[-1] < end:
            cuts[-1] = end
    return Region(tuple(cuts))


def _pieces_in_order(*regions: Region) -> list[tuple[Cut, Cut]]:
    pieces: list[tuple[Cut, Cut]] = []
    for region in regions:
        pieces += zip(region.cuts[::2], region.cuts[1::2], strict=True)
    return sorted(pieces, key=_begin)


def _begin(piece: tuple[Cut, Cut]) -> tuple[float, bool]:
    return piece[0].value, piece[0].after


def complement(region: Region) -> Region:
    """Return all reals that are not in it: the same cuts, with the two ends of the line added or taken away."""
    first, last = EVERYTHING.cuts
    cuts = list(region.cuts)
    if cuts[:1] == [first]:
        del cuts[0]
    else:
        cuts.insert(0, first)
    if cuts[-1:] == [last]:
        del cuts[-1]
    else:
        cuts.append(last)
    return Region(tuple(cuts))


def intersection(left: Region, right: Region) -> Region:
    """Return all that is in both."""
    return complement(union(complement(left), complement(right)))
