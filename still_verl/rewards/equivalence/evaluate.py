"""The value of a formula at one point, from which `identity` tells whether two formulas are the same.

`precision` has the numbers, `operations` what each operation does, and how it is bounded.
"""

from collections.abc import Mapping
from fractions import Fraction

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.operations import OPERATIONS
from still_verl.rewards.equivalence.precision import Number, Undefined, is_whole, precision
from still_verl.rewards.equivalence.precision import TooLarge as TooLarge  # what a value raises, for who catches it

BITS = 256  # of precision, where nothing says that more are needed
CONSTANTS = ("π", "e", "i")

_STEADY = frozenset(("*", "/", "neg", "abs", "degrees", "root"))  # operations that keep a relative error
_GROWING = frozenset(("^", "factorial", "binom"))


class OffDomain(Undefined):
    """A part of the formula is not real here: a root or a logarithm of a negative number."""


class Evaluator:
    """Values of formulas at one point.

    Attributes:
        precision: the arithmetic.
        magnitude: the largest absolute value of the logarithms to base 2 of all numbers on the way, from which
            `identity` knows how many digits tell two values apart.
        lost: how many of the last bits of the value are wrong, about: after sums that cancel, and after functions that
            change fast.
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
        self.lost = 0

    def __call__(self, node: Node) -> Number:
        """Return the value of `node`.

        Raises:
            Undefined: there is no finite value here.
            TooLarge: a number on the way has too many digits.
            OutOfTime: see `clock`.
        """
        if node.kind == "number":
            return self._seen(node.value, 0)
        if node.kind == "symbol":
            return self._seen(self._symbol(node.name), 0)
        args = []
        lost = []
        for arg in node.args:
            args.append(self(arg))
            lost.append(self.lost)
        value = self._result(node.kind, args)
        if isinstance(value, Fraction):
            return self._seen(value, 0)
        sizes = [self._size(arg) for arg in args]
        return self._seen(value, bits_lost(node.kind, self._size(value), sizes, lost))

    def real(self, node: Node) -> Number:
        """Return the value of `node` as a real number of mpmath.

        Raises:
            Undefined: it is not real.
        """
        value = self.precision.inexact(self(node))
        if value.imag != 0:
            raise Undefined("not real")
        return value.real

    def _seen(self, value: Number, lost: int) -> Number:
        self.magnitude = max(self.magnitude, abs(self._size(value)))
        self.lost = lost
        return value

    def _size(self, value: Number) -> int:
        if value == 0:
            return 0
        return self.precision.magnitude(value)

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
        if name in self._point:
            return self._point[name]
        if name == "i" and self._real:
            raise OffDomain
        if name == "i":
            return functions.mpc(0, 1)
        if name not in CONSTANTS:
            raise Undefined(f"no value for {name}")
        return +(functions.pi if name == "π" else functions.e)


def bits_lost(kind: str, size: int, sizes: list[int], lost: list[int]) -> int:
    """Return how many of the last bits of a result are wrong, about, and rather too many.

    Args:
        kind: the operation.
        size: the magnitude of the result.
        sizes: those of the arguments; 0 for an argument that is 0.
        lost: what the arguments have lost.
    """
    if kind == "+":
        return max(0, sizes[0] + lost[0] - size, sizes[1] + lost[1] - size) + 1
    if kind in _STEADY:
        return max(lost) + 1
    if kind in _GROWING:  # a relative error becomes as many times larger as the exponent says
        return max(lost) + abs(size).bit_length() + max(sizes[-1], 0) + 1
    return max(lost) + 2 * abs(size) + max(sizes[0], 0) + 1
