"""Whether two formulas have the same value everywhere.

Identities are tested at fixed points (Schwartz and Zippel): two formulas that agree at all of them are equal, and two
polynomials over the rationals that differ at one are different for certain.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Number, Undefined
from still_verl.rewards.equivalence.node import Node

_EQUAL = 1e-10  # relative difference of two floats that are the same number
_DIFFERENT = 1e-7  # and of two that are not; between them nothing is said
COORDINATES = (Fraction(7, 5), Fraction(19, 8), Fraction(31, 11), Fraction(3, 7), Fraction(23, 13), Fraction(5, 3))
# Of three points: what is added to each coordinate, and by how much they are rotated. Without a rotation the points lie
# on a line, where `x - y` and `2x - y - z` do not change.
STEPS = ((Fraction(0), 0), (Fraction(9, 17), 1), (Fraction(25, 19), 3))
_ROUNDED = frozenset(("floor", "ceil"))
_INTEGERS = frozenset("hijklmnpqr")  # letters of integers: rounded formulas of these alone need only agree there


def points(symbols: Iterable[str]) -> list[dict[str, Number]]:
    """Where identities are tested: three points of positive coordinates, then three with a negative sign on each."""
    names = sorted(symbols)
    positive: list[dict[str, Number]] = [
        {name: COORDINATES[(place + turn) % 6] + step + place // 6 for place, name in enumerate(names)}
        for step, turn in STEPS
    ]
    negative: list[dict[str, Number]] = [{name: -value for name, value in point.items()} for point in positive]
    return positive + negative if names else [{}]


def whole_points(symbols: Iterable[str]) -> list[dict[str, Number]]:
    """Points of integer coordinates, even and odd ones of each and together, for formulas that round."""
    names = list(enumerate(sorted(symbols)))
    return [
        {name: Fraction(1 + 2 * ((3 * at + 5 * place) % 11) + (at >> place % 3 & 1)) for place, name in names}
        for at in range(12)
    ]


def close(left: Number, right: Number, largest: float = 1.0) -> bool | None:
    """Whether two values are the same number, given the largest intermediate result; None when rounding hides it."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    try:
        first, second = complex(left), complex(right)
    except OverflowError:  # only one of them is beyond the floats
        return False
    gap, scale = abs(first - second), max(abs(first), abs(second))
    if gap <= _EQUAL * scale:
        return True
    return False if gap > _DIFFERENT * scale and gap > 1e-12 * largest else None


def identical(left: Node, right: Node, alias: Mapping[str, str] | None = None) -> bool | None:
    """Whether two formulas have the same value everywhere. `alias` renames symbols of `right` to those of `left`.

    None when they have no value at the test points, or agree for positive values only.
    """
    renamed = alias or {}
    names = (left.symbols() | {renamed.get(name, name) for name in right.symbols()}) - set(CONSTANTS)
    if not _rounds(left) and not _rounds(right):
        return _agreement(_compared(left, right, points(names), renamed))
    whole = _compared(left, right, whole_points(names), renamed)
    if not names or not all(whole) or names <= _INTEGERS:
        return False if False in whole else None if None in whole else True
    return _agreement(_compared(left, right, points(names), renamed))


def _rounds(node: Node) -> bool:
    return node.kind in _ROUNDED or any(map(_rounds, node.args))


def _compared(
    left: Node, right: Node, places: list[dict[str, Number]], renamed: Mapping[str, str]
) -> list[bool | None]:
    """Whether they agree at each of `places`; None where one has no value."""
    outcomes: list[bool | None] = []
    for point in places:
        aliased = point | {name: point[old] for name, old in renamed.items() if old in point}
        first, second = Evaluator(point), Evaluator(aliased)
        try:
            outcomes.append(close(first(left), second(right), max(first.largest, second.largest)))
        except Undefined:
            outcomes.append(None)
    return outcomes


def _agreement(outcomes: list[bool | None]) -> bool | None:
    positive, negative = outcomes[: (len(outcomes) + 1) // 2], outcomes[(len(outcomes) + 1) // 2 :]
    if False in positive:
        return False
    if None in positive or False in negative:
        return None
    return True
