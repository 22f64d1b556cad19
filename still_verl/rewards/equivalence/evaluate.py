"""The value of a formula: an exact fraction while that is small, else a complex float.

Every operation is bounded before it is done, so that no formula, however tall its powers, costs more than microseconds.
To add an operation: a function of numbers, a row of `_OPERATIONS`, and a place in `parse` that builds its node; for a
function that is written before what it applies to, its name in `normalize.CALLS`.
"""

import cmath
import math
import operator
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction

from still_verl.rewards.equivalence.node import Node

Number = Fraction | complex
MAX_BITS = 20_000  # of an exact fraction
MAX_DIGITS = 100_000  # of a power or factorial: beyond, nobody needs the value to know that it is not an answer
MAX_FACTORIAL = 2_000  # exact; the gamma function beyond
BITS_PER_DIGIT = 3.33

CONSTANTS: dict[str, Number] = {"π": complex(math.pi), "e": complex(math.e), "i": 1j}


class TooLarge(ArithmeticError):
    """A power, factorial or binomial with more than `MAX_DIGITS` digits."""


class Undefined(ArithmeticError):
    """No finite value here, or none that floats can hold."""


class Evaluator:
    """Values of formulas at one point.

    `largest` is the largest absolute value on the way, from which `tolerance.close` knows what rounding may have cost.
    """

    def __init__(self, point: Mapping[str, Number]) -> None:
        """Give the symbols their values; `CONSTANTS` have theirs."""
        self._point = point
        self.largest = 1.0

    def __call__(self, node: Node) -> Number:
        """Return the value of `node`.

        Raises:
            Undefined: there is no finite value here.
            TooLarge: a number on the way has too many digits.
        """
        try:
            value = self._value(node)
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            raise Undefined(str(error)) from error
        size = _size(value)
        if not math.isfinite(size):
            raise Undefined("not finite")
        self.largest = max(self.largest, size)
        return value

    def _value(self, node: Node) -> Number:
        if node.kind == "number":
            return node.value
        if node.kind == "symbol":
            return self._symbol(node.name)
        args = [self(arg) for arg in node.args]
        return _bounded(_OPERATIONS[node.kind](*args))

    def _symbol(self, name: str) -> Number:
        value = self._point.get(name, CONSTANTS.get(name))
        if value is None:
            raise Undefined(f"no value for {name}")
        return value


def _size(value: Number) -> float:
    """The absolute value; an exact number beyond the floats counts as the largest of them."""
    try:
        return abs(complex(value))
    except OverflowError:
        return sys.float_info.max


def _bounded(value: Number) -> Number:
    """A fraction with too many bits as a float: exact arithmetic would cost more with every operation."""
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        if bits > MAX_BITS:
            return complex(float(value))
    return value


def _both(left: Number, right: Number) -> tuple[Number, Number]:
    """Fractions stay exact together; beside a float both are floats."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left, right
    return complex(left), complex(right)


def _add(left: Number, right: Number) -> Number:
    left, right = _both(left, right)
    return left + right


def _multiply(left: Number, right: Number) -> Number:
    left, right = _both(left, right)
    return left * right


def _divide(left: Number, right: Number) -> Number:
    left, right = _both(left, right)
    return left / right


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            return _integer_power(base, int(exponent))
        if base > 0 and abs(exponent) * abs(math.log10(base)) > MAX_DIGITS:
            raise TooLarge
    return complex(base) ** complex(exponent)


def _integer_power(base: Fraction, exponent: int) -> Number:
    if base == 0:
        return base**exponent
    if base in (1, -1):
        return base ** (exponent % 2)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if bits > MAX_DIGITS * BITS_PER_DIGIT:
        raise TooLarge
    if bits > MAX_BITS:
        return complex(float(base)) ** exponent
    return base**exponent


def _root(radicand: Number, index: Number) -> Number:
    if not (isinstance(radicand, Fraction) and isinstance(index, Fraction) and index.denominator == 1 and index > 0):
        return _power(radicand, _divide(Fraction(1), index))
    if index == 2 and radicand >= 0:
        top = math.isqrt(radicand.numerator)
        bottom = math.isqrt(radicand.denominator)
        if top * top == radicand.numerator and bottom * bottom == radicand.denominator:
            return Fraction(top, bottom)
    if radicand < 0 and index % 2 == 1:  # the real root, not the principal one
        return -_power(-radicand, 1 / index)
    return complex(radicand) ** (1 / int(index))


def _factorial(argument: Number) -> Number:
    if isinstance(argument, Fraction) and argument.denominator == 1 and argument >= 0:
        if argument > MAX_DIGITS / 4:
            raise TooLarge
        if argument <= MAX_FACTORIAL:
            return Fraction(math.factorial(int(argument)))
    return complex(math.gamma(real(argument) + 1))


def _double_factorial(argument: Number) -> Number:
    """The product of every second number down to 1 or 2."""
    if not isinstance(argument, Fraction) or argument.denominator != 1 or argument < 0:
        raise ValueError("a double factorial is of a natural number")
    if argument > MAX_FACTORIAL:
        raise TooLarge
    return Fraction(math.prod(range(int(argument), 0, -2)))


def _binomial(top: Number, bottom: Number) -> Number:
    if isinstance(top, Fraction) and isinstance(bottom, Fraction) and top.denominator == bottom.denominator == 1:
        if 0 <= bottom <= top:
            if min(bottom, top - bottom) > MAX_FACTORIAL:
                raise TooLarge
            return Fraction(math.comb(int(top), int(bottom)))
    return _divide(_factorial(top), _multiply(_factorial(bottom), _factorial(_add(top, -bottom))))


def real(value: Number) -> float:
    """Return `value` as a float.

    Raises:
        Undefined: it is not real, or beyond the floats.
    """
    if isinstance(value, complex):
        if abs(value.imag) > 1e-9 * max(1.0, abs(value)):
            raise Undefined("not real")
        return value.real
    try:
        return float(value)
    except OverflowError as error:
        raise Undefined("beyond the floats") from error


def _absolute(value: Number) -> Number:
    if isinstance(value, Fraction):
        return abs(value)
    return complex(abs(value))


def _floating(function: Callable[[complex], complex]) -> Callable[[Number], Number]:
    """An operation that has no exact result."""

    def operation(value: Number) -> Number:
        return function(complex(value))

    return operation


def _rounded(function: Callable[..., int]) -> Callable[[Number], Number]:
    """An operation that rounds a real number, exactly for a fraction."""

    def operation(value: Number) -> Number:
        if isinstance(value, Fraction):
            return Fraction(function(value))
        return Fraction(function(real(value)))

    return operation


_OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": _add,
    "*": _multiply,
    "/": _divide,
    "^": _power,
    "neg": operator.neg,
    "abs": _absolute,
    "root": _root,
    "factorial": _factorial,
    "double factorial": _double_factorial,
    "binom": _binomial,
    "floor": _rounded(math.floor),
    "ceil": _rounded(math.ceil),
    "degrees": lambda value: complex(value) * math.pi / 180,
    "cot": _floating(lambda value: 1 / cmath.tan(value)),
    "sec": _floating(lambda value: 1 / cmath.cos(value)),
    "csc": _floating(lambda value: 1 / cmath.sin(value)),
    "arcsin": _floating(cmath.asin),
    "arccos": _floating(cmath.acos),
    "arctan": _floating(cmath.atan),
    "arccot": _floating(lambda value: cmath.atan(1 / value)),
    "ln": _floating(cmath.log),
    "log": _floating(cmath.log),
    "sin": _floating(cmath.sin),
    "cos": _floating(cmath.cos),
    "tan": _floating(cmath.tan),
    "sinh": _floating(cmath.sinh),
    "cosh": _floating(cmath.cosh),
    "tanh": _floating(cmath.tanh),
    "exp": _floating(cmath.exp),
}
