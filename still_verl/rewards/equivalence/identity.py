"""Whether two formulas have the same value everywhere.

Identities are tested at fixed points (Schwartz and Zippel): two formulas that agree at all of them are equal, and two
polynomials over the rationals that differ at one are different for certain.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Number, Undefined
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.tolerance import close

Point = dict[str, Number]

COORDINATES = (Fraction(7, 5), Fraction(19, 8), Fraction(31, 11), Fraction(3, 7), Fraction(23, 13), Fraction(5, 3))
# Of three points: what is added to each coordinate, and by how much they are rotated. Without a rotation the points lie
# on a line, where `x - y` and `2x - y - z` do not change.
STEPS = ((Fraction(0), 0), (Fraction(9, 17), 1), (Fraction(25, 19), 3))
WHOLE_POINTS = 12

_ROUNDING = frozenset(("floor", "ceil"))
# Letters that stand for integers: formulas that round, in these letters alone, need only agree at integers.
INTEGER_LETTERS = frozenset("hijklmnpqr")


def points(symbols: Iterable[str]) -> list[Point]:
    """Return where identities are tested: three points of positive coordinates, then these with every sign changed."""
    names = sorted(symbols)
    if not names:
        return [{}]
    positive: list[Point] = []
    negative: list[Point] = []
    for step, turn in STEPS:
        point: Point = {}
        mirrored: Point = {}
        for place, name in enumerate(names):
            coordinate = COORDINATES[(place + turn) % len(COORDINATES)] + step + place // len(COORDINATES)
            point[name] = coordinate
            mirrored[name] = -coordinate
        positive.append(point)
        negative.append(mirrored)
    return positive + negative


def whole_points(symbols: Iterable[str]) -> list[Point]:
    """Return points of integer coordinates, even and odd ones of each and together, for formulas that round."""
    names = sorted(symbols)
    found: list[Point] = []
    for at in range(WHOLE_POINTS):
        point: Point = {}
        for place, name in enumerate(names):
            # Odd, and another one for each name and point; a bit of `at` makes it even in half of the points.
            odd = 1 + 2 * ((3 * at + 5 * place) % 11)
            make_even = at >> place % 3 & 1
            point[name] = Fraction(odd + make_even)
        found.append(point)
    return found


def identical(left: Node, right: Node, alias: Mapping[str, str] | None = None) -> bool | None:
    """Say whether two formulas have the same value everywhere. `alias` renames symbols of `right` to those of `left`.

    Returns:
        None when they have no value at the test points, or agree for positive values only.

    Raises:
        TooLarge: a value on the way has too many digits.
    """
    renamed = alias or {}
    names = set(left.symbols())
    for name in right.symbols():
        names.add(renamed.get(name, name))
    names.difference_update(CONSTANTS)
    if _rounds(left) or _rounds(right):
        outcomes = _outcomes(left, right, whole_points(names), renamed)
        only_integers = not names or names <= INTEGER_LETTERS
        if only_integers or not all(outcomes):
            return _all_true(outcomes)
    return _agreement(_outcomes(left, right, points(names), renamed))


def _rounds(node: Node) -> bool:
    if node.kind in _ROUNDING:
        return True
    for arg in node.args:
        if _rounds(arg):
            return True
    return False


def _outcomes(left: Node, right: Node, places: list[Point], renamed: Mapping[str, str]) -> list[bool | None]:
    """Compare two formulas at each of `places`; None where one has no value."""
    outcomes: list[bool | None] = []
    for point in places:
        aliased = point
        if renamed:
            aliased = _under_other_names(point, renamed)
        first, second = Evaluator(point), Evaluator(aliased)
        try:
            outcome = close(first(left), second(right), max(first.largest, second.largest))
        except Undefined:
            outcome = None
        outcomes.append(outcome)
    return outcomes


def _under_other_names(point: Point, renamed: Mapping[str, str]) -> Point:
    aliased = dict(point)
    for name, old in renamed.items():
        if old in point:
            aliased[name] = point[old]
    return aliased


def _all_true(outcomes: list[bool | None]) -> bool | None:
    if False in outcomes:
        return False
    if None in outcomes:
        return None
    return True


def _agreement(outcomes: list[bool | None]) -> bool | None:
    """Sum up the outcomes at `points`, the positive ones first: a difference at a negative one decides nothing."""
    half = (len(outcomes) + 1) // 2
    positive, negative = outcomes[:half], outcomes[half:]
    if False in positive:
        return False
    if None in positive or False in negative:
        return None
    return True
