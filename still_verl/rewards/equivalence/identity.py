"""Whether two formulas have the same value wherever the right one lives.

`residues` decides formulas over the rationals, and any two that are the same but for the order of their parts. Others
are compared at points of real numbers. A point is evidence only where all roots and logarithms of both formulas are
real. Numbers that look the same are computed again with more digits, until a difference of the size that the formulas
could have would show: as many as their numbers are long, and as far as their intermediate results are apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from still_verl.rewards.equivalence.evaluate import BITS, CONSTANTS, Evaluator
from still_verl.rewards.equivalence.node import Node, number
from still_verl.rewards.equivalence.points import SIGNS, Point, of_all_sizes, points, whole_points
from still_verl.rewards.equivalence.precision import CANCELLED, Imprecise, Number, Undefined, is_whole, precision
from still_verl.rewards.equivalence.residues import Residues, prime
from still_verl.rewards.equivalence.tolerance import close

PRECISIONS = (BITS, 2 * BITS, 4 * BITS, 8 * BITS, 16 * BITS)  # in bits
ENOUGH = 3  # points of each sign at which two formulas agree
_INFINITY = "∞"
_ROUNDING = frozenset(("floor", "ceil"))
_WAVES = frozenset(("sin", "cos", "exp"))
# What has a value only for some real numbers: a formula without these, and without broken powers, lives everywhere.
_RESTRICTED = frozenset(("root", "ln", "arcsin", "arccos", "factorial", "binom"))
# Letters that stand for integers: formulas that round, in these letters alone, need only agree at integers.
INTEGER_LETTERS = frozenset("hijklmnpqr")


class NoValue(Exception):
    """A formula has no value at a point."""

    def __init__(self, of_right: bool) -> None:
        self.of_right = of_right


@dataclass(frozen=True)
class Pair:
    """Two formulas, and the names of the right one's symbols in the left one."""

    left: Node
    right: Node
    alias: Mapping[str, str]

    def names(self) -> frozenset[str]:
        """Return the symbols of both, without constants."""
        names = set(self.left.symbols())
        for name in self.right.symbols():
            names.add(self.alias.get(name, name))
        return frozenset(names.difference(CONSTANTS))

    def evaluators(self, point: Point, bits: int, real: bool) -> tuple[Evaluator, Evaluator]:
        """Return what evaluates the left formula and what evaluates the right one."""
        aliased = point
        if self.alias:
            aliased = dict(point)
            for name, old in self.alias.items():
                if old in point:
                    aliased[name] = point[old]
        return Evaluator(point, bits, real), Evaluator(aliased, bits, real)


def prepare() -> None:
    """Pay for what the first comparison of a process imports and draws, outside of its time."""
    precision(BITS)
    prime()


def identical(left: Node, right: Node, alias: Mapping[str, str] | None = None) -> bool | None:
    """Say whether two formulas have the same value everywhere. `alias` renames symbols of `right` to those of `left`.

    Returns:
        None when they have no value at the test points, or agree for positive values only.

    Raises:
        TooLarge: a value on the way has too many digits.
        OutOfTime: see `clock`.
    """
    pair = Pair(left, right, alias or {})
    names = pair.names()
    if _INFINITY in names:
        return _same_infinity(left, right)
    same = _same_residue(pair)
    if same is not None:
        return same
    if not names:
        return _same_value(pair, {})
    are_integers = names <= INTEGER_LETTERS
    rounds = _has(left, _ROUNDING) or _has(right, _ROUNDING)
    if rounds or (are_integers and (_alternates(left) or _alternates(right))):
        outcomes = [_same_value(pair, point) for point in whole_points(names)]
        if are_integers or not all(outcomes):
            return _all_true(outcomes)
    if "i" in left.symbols() | right.symbols():
        return _same_somewhere(pair, names)
    return _same_where_real(pair, names)


def proportional(left: Node, right: Node) -> bool | None:
    """Say whether one formula is the other times a number; None when one of them is 0, or nothing is known."""
    somewhere = points(left.symbols().union(right.symbols()).difference(CONSTANTS))[0]
    left_there, right_there = left.at(somewhere), right.at(somewhere)
    for value in (left_there, right_there):
        if identical(value, number(0)) is not False:
            return None
    # The ratio everywhere is the ratio there, written without a division.
    return identical(Node("*", (left, right_there)), Node("*", (right, left_there)))


def solves(zero: Node, name: str, solution: Node) -> bool | None:
    """Say whether `solution`, as the value of the symbol `name`, makes `zero` 0.

    None when it does but there may be other solutions: when `zero` is not linear in the symbol.
    """
    first, second, third = (zero.with_symbols({name: number(value)}) for value in range(3))
    is_line = identical(Node("+", (first, third)), Node("+", (second, second)))
    is_level = identical(first, second)
    if is_line is not True or is_level is not False:
        return None
    return identical(zero.with_symbols({name: solution}), number(0))


def _same_infinity(left: Node, right: Node) -> bool | None:
    """Infinity equals itself, and no formula has a value in which it is a part."""
    if left == right:
        return True
    return False


def _same_residue(pair: Pair) -> bool | None:
    """What residues tell; None for different ones of formulas that are not rational."""
    first, second = Residues({}), Residues(pair.alias)
    try:
        if first(pair.left) == second(pair.right):
            return True
    except Undefined:
        return None
    if first.is_rational and second.is_rational:
        return False
    return None


def _is_restricted(node: Node) -> bool:
    """Whether a formula has a value for some real numbers only, but for divisions by zero."""
    if node.kind in _RESTRICTED:
        return True
    if node.kind == "^" and not _is_whole_number(node.args[1]):
        return True
    return any(map(_is_restricted, node.args))


def _is_whole_number(node: Node) -> bool:
    if node.kind == "neg":
        return _is_whole_number(node.args[0])
    return node.kind == "number" and is_whole(node.value)


def _has(node: Node, kinds: frozenset[str]) -> bool:
    if node.kind in kinds:
        return True
    return any(_has(arg, kinds) for arg in node.args)


def _alternates(node: Node) -> bool:
    """Whether a formula is meant for integers: powers of a negative number or of i, waves in multiples of pi."""
    if node.kind == "^" and node.args[1].symbols():
        base = node.args[0]
        if base.kind == "neg" or base.name == "i":
            return True
    if node.kind in _WAVES and "π" in node.symbols():
        return True
    return any(map(_alternates, node.args))


def _same_somewhere(pair: Pair, names: frozenset[str]) -> bool | None:
    """Compare complex values, which every point has."""
    positive = [_same_value(pair, point) for point in points(names, SIGNS[0])]
    negative = [_same_value(pair, point) for point in points(names, SIGNS[1])]
    return _agreement(positive, negative)


def _same_where_real(pair: Pair, names: frozenset[str]) -> bool | None:
    """Compare where the left formula is real: for positive values, and for others."""
    positive = _outcomes_where_real(pair, names, SIGNS[0])
    if False in positive:
        return False
    others: list[bool | None] = []
    for signs in SIGNS[1 : 2 * len(names)]:  # one symbol has two signs
        others += _outcomes_where_real(pair, names, signs)
    if not positive and not others:
        return _same_somewhere(pair, names)
    if not positive:
        return _all_true(others)
    return _agreement(positive, others)


def _outcomes_where_real(pair: Pair, names: frozenset[str], signs: tuple[int, int]) -> list[bool | None]:
    """The outcomes at points where the left formula is real, at most `ENOUGH`.

    Where only the left one is, nothing is known. That is no evidence beside roots and logarithms of the left one, whose
    domain nobody writes down: `ln x^2` is `2 ln x`.
    """
    outcomes: list[bool | None] = []
    for point in of_all_sizes(names, signs):
        try:
            outcomes.append(_same_at(pair, point, real=True))
        except NoValue as error:
            if error.of_right and not _is_restricted(pair.left):
                outcomes.append(None)
        if len(outcomes) == ENOUGH:
            break
    return outcomes


def _same_value(pair: Pair, point: Point) -> bool | None:
    """Compare values at one point; None where one has none."""
    try:
        return _same_at(pair, point)
    except NoValue:
        return None


def _same_at(pair: Pair, point: Point, real: bool = False) -> bool | None:
    """Compare values at one point; None when more digits are needed than there are.

    Raises:
        NoValue: one of the formulas has none here, or none that is `real`.
    """
    for bits in PRECISIONS:
        first, second = pair.evaluators(point, bits, real)
        try:
            left = _value(first, pair.left, of_right=False)
            right = _value(second, pair.right, of_right=True)
        except Imprecise:
            continue
        same = close(left, right, max(first.lost, second.lost), bits)
        if same is False:
            return False
        if same and bits >= _needed(pair, max(first.magnitude, second.magnitude)):
            return True
    return None


def _value(evaluate: Evaluator, node: Node, of_right: bool) -> Number:
    try:
        return evaluate(node)
    except Imprecise:
        raise
    except Undefined as error:
        raise NoValue(of_right) from error


def _needed(pair: Pair, magnitude: int) -> float:
    """The bits with which two values that differ look different.

    A fraction of n bits can be as near to another number as 2^-2n, and a result can differ by the square of a small
    number on the way: cos(e^-100) is nearly 1.
    """
    return (2 * (magnitude + _length(pair.left) + _length(pair.right)) + 32) / CANCELLED


def _length(node: Node) -> int:
    """The bits of all numbers in a formula."""
    if node.kind == "number":
        return node.value.numerator.bit_length() + node.value.denominator.bit_length()
    total = 0
    for arg in node.args:
        total += _length(arg)
    return total


def _all_true(outcomes: list[bool | None]) -> bool | None:
    if False in outcomes:
        return False
    if None in outcomes or not outcomes:
        return None
    return True


def _agreement(positive: list[bool | None], others: list[bool | None]) -> bool | None:
    """Sum up: a difference at values that are not positive decides nothing."""
    same = _all_true(positive)
    if same and others and not _all_true(others):
        return None
    return same
