"""Where formulas are compared: points of reals of all sizes and signs, and points of integers.

A few digits of each coordinate are drawn once in each process: no answer can be written to meet them.
"""

import secrets
from collections.abc import Iterable, Iterator
from fractions import Fraction

from still_verl.rewards.equivalence.precision import Number

Point = dict[str, Number]

COORDINATES = (Fraction(7, 5), Fraction(19, 8), Fraction(31, 11), Fraction(3, 7), Fraction(23, 13), Fraction(5, 3))
# Of three points: what is added to each coordinate, and by how much they are rotated. Without a rotation the points lie
# on a line, where `x - y` and `2x - y - z` do not change.
STEPS = ((Fraction(0), 0), (Fraction(9, 17), 1), (Fraction(25, 19), 3))
SCALES = (1, Fraction(1, 4), 2, 16, 300)  # arccos lives below 1, ln(x - 100) above 100
# The signs of neighbouring coordinates; first all positive, where most formulas live.
SIGNS = ((1, 1), (-1, -1), (1, -1), (-1, 1))
WHOLE_POINTS = 12

_DIGITS = [1 + Fraction(secrets.randbelow(2**30), 2**40) for _ in COORDINATES]


def points(symbols: Iterable[str], signs: tuple[int, int] = SIGNS[0], scale: Number = 1) -> list[Point]:
    """Return three points of one size, whose coordinates have these signs in turn."""
    names = sorted(symbols)
    found = []
    for step, turn in STEPS:
        point: Point = {}
        for place, name in enumerate(names):
            which = (place + turn) % len(COORDINATES)
            coordinate = COORDINATES[which] * _DIGITS[which] + step + place // len(COORDINATES)
            point[name] = signs[place % 2] * scale * coordinate
        found.append(point)
    return found


def of_all_sizes(symbols: Iterable[str], signs: tuple[int, int]) -> Iterator[Point]:
    """Yield points of these signs, those of usual size first."""
    names = sorted(symbols)
    for scale in SCALES:
        yield from points(names, signs, scale)


def whole_points(symbols: Iterable[str]) -> list[Point]:
    """Return points of integer coordinates, even and odd ones of each and together, for formulas that round."""
    names = sorted(symbols)
    found: list[Point] = []
    for at in range(WHOLE_POINTS):
        # Odd, and another one for each name and point; a bit of `at` makes it even in half of the points.
        whole = [1 + 2 * ((3 * at + 5 * place) % 11) + (at >> place % 3 & 1) for place in range(len(names))]
        found.append(dict(zip(names, map(Fraction, whole), strict=True)))
    return found
