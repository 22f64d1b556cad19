"""The value of a formula at one point, from which `identity` tells whether two formulas are the same.

`operations` has the numbers, what each operation does, and how it is bounded.
"""

from collections.abc import Mapping

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.operations import OPERATIONS, Number, Undefined, is_whole, precision
from still_verl.rewards.equivalence.operations import TooLarge as TooLarge  # what a value raises, for who catches it

BITS = 256  # of precision, where nothing says that more are needed
CONSTANTS = ("π", "e", "i")


class OffDomain(Undefined):
    """A part of the formula is not real here: a root or a logarithm of a negative number."""


class Evaluator:
    """Values of formulas at one point.

    Attributes:
        precision: the arithmetic.
        magnitude: the largest absolute value of the logarithms to base 2 of all numbers on the way, from which
            `identity` knows how many digits tell two values apart.
        largest: the largest such logarithm, for what rounding may have cost.
    """

    def __init__(self, point: Mapping[str, Number], bits: int = BITS, real: bool = False) -> None:
        """Give the symbols their values; `CONSTANTS` have theirs.

        Args:
            point: the value of each symbol.
            bits: the precision of what is not an exact fraction.
            real: whether a number on the way that is not real raises `OffDomain`.
        """
        self._point = point
        self._real = real
        self.precision = precision(bits)
        self.magnitude = 0
        self.largest = 0

    def __call__(self, node: Node) -> Number:
        """Return the value of `node`.

        Raises:
            Undefined: there is no finite value here.
            TooLarge: a number on the way has too many digits.
            OutOfTime: see `clock`.
        """
        if node.kind == "number":
            value = node.value
        elif node.kind == "symbol":
            value = self._symbol(node.name)
        else:
            args = []
            for arg in node.args:
                args.append(self(arg))
            value = self._result(node.kind, args)
        if value != 0:
            size = self.precision.magnitude(value)
            self.largest = max(self.largest, size)
            self.magnitude = max(self.magnitude, abs(size))
        return value

    def _result(self, kind: str, args: list[Number]) -> Number:
        clock.check()
        try:
            value = self.precision.settled(OPERATIONS[kind](self.precision, *args))
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            raise Undefined(str(error)) from error
        if self._real and not self._is_real(kind, value, args):
            raise OffDomain
        return value

    def _is_real(self, kind: str, value: Number, args: list[Number]) -> bool:
        """Whether the value is real; a power of a negative number may be by chance, but has no real meaning."""
        if kind == "^" and args[0] < 0 and not is_whole(args[1]):
            return False
        return not isinstance(value, self.precision.functions.mpc)

    def _symbol(self, name: str) -> Number:
        functions = self.precision.functions
        value = self._point.get(name)
        if value is not None:
            return value
        if name == "π":
            return +functions.pi
        if name == "e":
            return +functions.e
        if name == "i":
            return functions.mpc(0, 1)
        raise Undefined(f"no value for {name}")


def real(value: Number) -> float:
    """Return `value` as a float.

    Raises:
        Undefined: it is not real, or beyond the floats.
    """
    try:
        found = complex(value)
    except OverflowError as error:
        raise Undefined("beyond the floats") from error
    is_lost = found == 0 and value != 0
    if found.imag or is_lost or abs(found) == float("inf"):
        raise Undefined("no real number that floats can hold")
    return found.real
