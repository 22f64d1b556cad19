"""Sets of reals against membership, point by point."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, End, Formula, Region
from still_verl.rewards.equivalence.decide import decide
from still_verl.rewards.equivalence.read.region_algebra import (
    beside_infinity,
    half_line,
    intersection,
    union,
    without,
)

PLACES = [Fraction(half, 2) for half in range(-3, 14)]  # ends are whole numbers: each end, and a point between each two


def end(value: int) -> End:
    return End(Fraction(value), Formula(str(value), None))


def members(region: Region) -> set[Fraction]:
    found = set()
    for place in PLACES:
        index = sum((each.value < place) + (each.value <= place) for each in region.ends)
        if region.members[index]:
            found.add(place)
    return found


@st.composite
def regions(draw: st.DrawFn) -> Region:
    region = NOTHING
    for _ in range(draw(st.integers(0, 3))):
        above = half_line(draw(st.sampled_from(">≥=≠")), end(draw(st.integers(0, 5))))
        below = half_line(draw(st.sampled_from("<≤=≠")), end(draw(st.integers(0, 5))))
        region = union(region, intersection(above, below))
    return without(EVERYTHING, region) if draw(st.booleans()) else region


@given(regions(), regions())
def test_operations_on_points(left: Region, right: Region) -> None:
    assert members(union(left, right)) == members(left) | members(right)
    assert members(intersection(left, right)) == members(left) & members(right)
    assert members(without(left, right)) == members(left) - members(right)


@given(regions(), regions())
def test_one_form_for_one_set(left: Region, right: Region) -> None:
    assert without(EVERYTHING, without(EVERYTHING, left)) == left
    assert (left == right) is (members(left) == members(right))


def test_half_lines() -> None:
    assert members(half_line("<", end(2))) == {place for place in PLACES if place < 2}
    assert members(half_line("≥", end(2))) == {place for place in PLACES if place >= 2}
    assert members(half_line("≠", end(2))) == set(PLACES) - {2}
    assert beside_infinity("<", is_positive=True) == beside_infinity(">", is_positive=False) == EVERYTHING
    assert beside_infinity("≥", is_positive=True) == NOTHING


@pytest.mark.parametrize(
    "left, right",
    [("(0, 10^{20}+1)", "(0, 10^{20})"), ("[e^{-1000}, 1]", "[0, 1]"), ("x > 10^{400}", "x > 10^{400}+1")],
)
def test_ends_are_exact(left: str, right: str) -> None:
    assert decide(left, right)[0] is False
    assert decide(left, left) == (True, "region")
