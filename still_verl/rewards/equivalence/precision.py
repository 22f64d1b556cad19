"""Numbers of formulas: exact fractions while they are small, else numbers of mpmath with a stated precision.

Those of mpmath have exponents of any size: nothing becomes 0 or infinite by being tiny or huge.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any

Number = Any  # Fraction, or mpf or mpc of mpmath, which has no types

MAX_BITS = 8_000  # of an exact fraction, numerator and denominator together
MAX_MAGNITUDE = 2**40  # of a number, its logarithm to base 2; beyond nobody needs the value to know it is no answer
MAX_ARGUMENT = 20_000  # of the argument of a function but for powers and logarithms, the same logarithm
CANCELLED = 3 / 4  # of the digits: a sum that loses more of them is exactly zero


class TooLarge(ArithmeticError):
    """A number that is beyond `MAX_MAGNITUDE`."""


class Undefined(ArithmeticError):
    """There is no finite value here."""


class Imprecise(Undefined):
    """There is one, but no digit of it is known at this precision."""


class Precision:
    """Arithmetic with so many bits; safe in any number of threads, for mpmath changes no state in these functions."""

    def __init__(self, bits: int) -> None:
        """Make the functions of mpmath for `bits` bits."""
        import mpmath  # takes longer to import than all of `rewards`

        self.bits = bits
        self.lost = int(bits * CANCELLED)
        self.functions = mpmath.MPContext()
        self.functions.prec = bits

    def inexact(self, value: Number) -> Number:
        """Return `value` as a number of this precision."""
        return self.functions.convert(value)

    def argument(self, value: Number) -> Number:
        """Return `value` as what a function of mpmath may be given.

        Raises:
            Imprecise: it is so tiny or huge that the function would compute with as many digits as its exponent.
        """
        value = self.inexact(value)
        for part in (value.real, value.imag):
            if part != 0 and abs(self.magnitude(part)) > MAX_ARGUMENT:
                raise Imprecise
        return value

    def magnitude(self, value: Number) -> int:
        """Return about the logarithm to base 2 of the absolute value, which is not 0, right within 1."""
        if isinstance(value, Fraction):
            return value.numerator.bit_length() - value.denominator.bit_length()
        return int(self.functions.mag(value))

    def settled(self, value: Number) -> Number:
        """Return the result of an operation as exact as it is worth: a small fraction, a real number, a complex one.

        Raises:
            Undefined: it is not finite.
            TooLarge: it is beyond `MAX_MAGNITUDE`.
        """
        if isinstance(value, Fraction):
            if value.numerator.bit_length() + value.denominator.bit_length() <= MAX_BITS:
                return value
            value = self.inexact(value)
        if not self.functions.isfinite(value):
            raise Undefined("not finite")
        if value == 0:
            return Fraction(0)
        if abs(self.magnitude(value)) > MAX_MAGNITUDE:
            raise TooLarge
        if isinstance(value, self.functions.mpc):
            return self._without_noise(value)
        return value

    def _without_noise(self, value: Number) -> Number:
        """A complex number without the part that is only rounding."""
        least = self.magnitude(value) - self.lost
        if value.imag == 0 or self.magnitude(value.imag) < least:
            return value.real
        if value.real == 0 or self.magnitude(value.real) < least:
            return self.functions.mpc(0, value.imag)
        return value

    def unless_cancelled(self, value: Number, size: int) -> Number:
        """Return `value`, or 0 when it is that but for the rounding of numbers of magnitude `size`."""
        if value == 0 or self.magnitude(value) < size - self.lost:
            return Fraction(0)
        return value


@lru_cache(maxsize=16)
def precision(bits: int) -> Precision:
    """Return the arithmetic with so many bits."""
    return Precision(bits)


def is_exact(*values: Number) -> bool:
    """Say whether all of these are fractions."""
    return all(isinstance(value, Fraction) for value in values)


def is_whole(value: Number) -> bool:
    """Say whether this is an integer for certain."""
    return isinstance(value, Fraction) and value.denominator == 1
