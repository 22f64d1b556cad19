"""Sets of reals that are made from half lines: union, intersection and difference, place by place."""

from collections.abc import Callable
from operator import and_, gt, or_

from still_verl.rewards.equivalence.answer_types import End, Region

# Which places are in `x relation end`: those before it, itself, those behind it.
_SHAPES = {
    "<": (True, False, False),
    "≤": (True, True, False),
    "=": (False, True, False),
    "≠": (True, False, True),
    "≥": (False, True, True),
    ">": (False, False, True),
}


def half_line(relation: str, end: End) -> Region:
    """Return all x for which `x relation end`, where the relation is one of `<≤>≥=≠`."""
    return Region((end,), _SHAPES[relation])


def beside_infinity(relation: str, is_positive: bool) -> Region:
    """Return all x for which `x relation ∞`, or `-∞`: every real or none."""
    before, _, behind = _SHAPES[relation]
    return Region((), (before if is_positive else behind,))


def union(left: Region, right: Region) -> Region:
    """Return all that is in either."""
    return _combined(left, right, or_)


def intersection(left: Region, right: Region) -> Region:
    """Return all that is in both."""
    return _combined(left, right, and_)


def without(left: Region, right: Region) -> Region:
    """Return all of the first that is not in the second."""
    return _combined(left, right, gt)


def _combined(left: Region, right: Region, operation: Callable[[bool, bool], bool]) -> Region:
    ends = sorted({*left.ends, *right.ends})
    members = list(map(operation, _members(left, ends), _members(right, ends)))
    kept, shown = [], members[:1]
    for end, at, behind in zip(ends, members[1::2], members[2::2], strict=True):
        if shown[-1] == at == behind:
            continue  # nothing begins or ends here
        kept.append(end)
        shown += (at, behind)
    return Region(tuple(kept), tuple(shown))


def _members(region: Region, ends: list[End]) -> list[bool]:
    """Whether the places before, at and behind each of `ends`, which are the region's and others, are in it."""
    members = [region.members[0]]
    for end in ends:
        places: tuple[bool, ...] = (members[-1], members[-1])
        if end in region.ends:
            at = 2 * region.ends.index(end) + 1
            places = region.members[at : at + 2]
        members += places
    return members
