"""Sets of reals against membership, point by point."""

import math

from hypothesis import given
from hypothesis import strategies as st

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Cut, Region
from still_verl.rewards.equivalence.read.region_algebra import (
    between,
    complement,
    half_line,
    intersection,
    point,
    union,
)

PLACES = [half / 2 for half in range(-3, 14)]  # ends are whole numbers: each end, and a point between each two


def members(region: Region) -> set[float]:
    found = set()
    for place in PLACES:
        cuts_before = sum((cut.value, cut.after) < (place, True) for cut in region.cuts)
        if cuts_before % 2:
            found.add(place)
    return found


@st.composite
def regions(draw: st.DrawFn) -> Region:
    region = NOTHING
    for _ in range(draw(st.integers(0, 3))):
        ends = sorted((draw(st.integers(0, 5)), draw(st.integers(0, 5))))
        closed = draw(st.booleans()), draw(st.booleans())
        region = union(region, between(Cut(ends[0], False), closed[0], Cut(ends[1], False), closed[1]))
    return complement(region) if draw(st.booleans()) else region


@given(regions(), regions())
def test_operations_are_those_of_sets(left: Region, right: Region) -> None:
    assert members(union(left, right)) == members(left) | members(right)
    assert members(intersection(left, right)) == members(left) & members(right)
    assert members(complement(left)) == set(PLACES) - members(left)


@given(regions(), regions())
def test_equal_sets_have_equal_cuts(left: Region, right: Region) -> None:
    assert complement(complement(left)) == left
    assert union(left, right) == union(right, left)
    if members(left) == members(right):
        assert left == right


def test_half_lines() -> None:
    two = Cut(2.0, False)
    assert members(half_line("<", two)) == {place for place in PLACES if place < 2}
    assert members(half_line("≥", two)) == {place for place in PLACES if place >= 2}
    assert members(half_line("≠", two)) == set(PLACES) - {2.0}
    assert half_line("=", two) == point(two)
    assert half_line("≤", Cut(math.inf, False)) == EVERYTHING
