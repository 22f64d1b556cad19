"""Whether two formulas have the same value wherever the right one lives.

`residues` decides formulas over the rationals, and any two that are the same but for the order of their parts. Others
are compared at points of real numbers. A point is evidence only where all roots and logarithms of both formulas are
real. Numbers that look the same are computed again with more digits, until a difference of the size that the formulas
could have would show: as many as their numbers are long, and as far as their intermediate results are apart.
"""

from collections.abc import Mapping

from still_verl.rewards.equivalence.evaluate import BITS, CONSTANTS, Evaluator
from still_verl.rewards.equivalence.node import Node, number
from still_verl.rewards.equivalence.points import SIGNS, Point, of_all_sizes, points, whole_points
from still_verl.rewards.equivalence.precision import CANCELLED, Imprecise, Number, Undefined, precision
from still_verl.rewards.equivalence.residues import prime, same_residue
from still_verl.rewards.equivalence.tolerance import close

PRECISIONS = (BITS, 2 * BITS, 4 * BITS, 8 * BITS, 16 * BITS)  # in bits
ENOUGH = 3  # points of each sign at which two formulas agree
_INFINITY = "∞"
_WAVES = frozenset(("sin", "cos", "exp"))
_RESTRICTED = frozenset(("root", "ln", "arcsin", "arccos", "factorial", "binom"))
# Letters that stand for integers: formulas that round, in these letters alone, need only agree at integers.
INTEGER_LETTERS = frozenset("hijklmnpqr")


class NoValue(Exception):
    """A formula has no value at a point."""

    def __init__(self, of_right: bool) -> None:
        self.of_right = of_right


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
    if left.kind == right.kind == "number":
        return left.value == right.value
    if alias:
        right = right.with_symbols({old: Node("symbol", name=new) for old, new in alias.items()})
    names = left.symbols().union(right.symbols()).difference(CONSTANTS)
    if _INFINITY in names:  # it equals itself, and no formula has a value in which it is a part
        return left == right
    same = same_residue(left, right)
    if same is not None:
        return same
    if not names:
        return _same_value(left, right, {})
    are_integers = names <= INTEGER_LETTERS
    if _rounds(left) or _rounds(right) or (are_integers and (_alternates(left) or _alternates(right))):
        outcomes = [_same_value(left, right, point) for point in whole_points(names)]
        if are_integers or not all(outcomes):
            return _all_true(outcomes)
    return _same_where_real(left, right, names)


def proportional(left: Node, right: Node) -> bool | None:
    """Say whether one formula is the other times a number; None when one of them is 0, or nothing is known."""
    somewhere = points(left.symbols().union(right.symbols()).difference(CONSTANTS))[0]
    left_there, right_there = left.at(somewhere), right.at(somewhere)
    if any(identical(value, number(0)) is not False for value in (left_there, right_there)):
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


def _rounds(node: Node) -> bool:
    return node.has(lambda part: part.kind in ("floor", "ceil"))


def _alternates(node: Node) -> bool:
    """Whether a formula is meant for integers: powers of a negative number or of i, waves in multiples of pi."""

    def is_sign(part: Node) -> bool:
        if part.kind == "^" and part.args[1].symbols():
            return part.args[0].kind == "neg" or part.args[0].name == "i"
        return part.kind in _WAVES and "π" in part.symbols()

    return node.has(is_sign)


def _same_where_real(left: Node, right: Node, names: frozenset[str]) -> bool | None:
    """Compare where the left formula is real. A difference at values that are not positive decides nothing."""
    positive = _outcomes(left, right, names, SIGNS[0])
    if False in positive:
        return False
    others: list[bool | None] = []
    for signs in SIGNS[1 : 2 * len(names)]:  # one symbol has two signs
        others += _outcomes(left, right, names, signs)
    if positive and others and not _all_true(others):
        return None
    return _all_true(positive or others)


def _outcomes(left: Node, right: Node, names: frozenset[str], signs: tuple[int, int]) -> list[bool | None]:
    """The outcomes at points where the left formula is real, at most `ENOUGH`.

    Where only the left one is, nothing is known. That is no evidence beside roots and logarithms of the left one, whose
    domain nobody writes down: `ln x^2` is `2 ln x`.
    """
    is_restricted = left.has(_is_restricted)
    outcomes: list[bool | None] = []
    for point in of_all_sizes(names, signs):
        try:
            outcomes.append(_same_at(left, right, point, real=True))
        except NoValue as error:
            if error.of_right and not is_restricted:
                outcomes.append(None)
        if len(outcomes) == ENOUGH:
            break
    return outcomes


def _is_restricted(part: Node) -> bool:
    """Whether this operation has a value for some real numbers only, but for divisions by zero."""
    return part.kind in _RESTRICTED or (part.kind == "^" and part.args[1].kind not in ("number", "neg"))


def _same_value(left: Node, right: Node, point: Point) -> bool | None:
    """Compare values at one point; None where one has none."""
    try:
        return _same_at(left, right, point)
    except NoValue:
        return None


def _same_at(left: Node, right: Node, point: Point, real: bool = False) -> bool | None:
    """Compare values at one point; None when more digits are needed than there are.

    Raises:
        NoValue: one of the formulas has none here, or none that is `real`.
    """
    for bits in PRECISIONS:
        first, second = Evaluator(point, bits, real), Evaluator(point, bits, real)
        try:
            left_value = _value(first, left, of_right=False)
            right_value = _value(second, right, of_right=True)
        except Imprecise:
            continue
        same = close(left_value, right_value, max(first.lost, second.lost), bits)
        if same is False:
            return False
        magnitude = max(first.magnitude, second.magnitude)
        # A fraction of n bits can be as near to another number as 2^-2n, and a result can differ by the square of a
        # small number on the way: cos(e^-100) is nearly 1.
        needed = 2 * (magnitude + _length(left) + _length(right)) + 32
        if same and bits * CANCELLED >= needed:
            return True
    return None


def _value(evaluate: Evaluator, node: Node, of_right: bool) -> Number:
    try:
        return evaluate(node)
    except Imprecise:
        raise
    except Undefined as error:
        raise NoValue(of_right) from error


def _length(node: Node) -> int:
    """The bits of all numbers in a formula."""
    own = node.value.numerator.bit_length() + node.value.denominator.bit_length()
    return own + sum(map(_length, node.args))


def _all_true(outcomes: list[bool | None]) -> bool | None:
    if False in outcomes:
        return False
    if None in outcomes or not outcomes:
        return None
    return True
