"""The operations of formulas on numbers, each bounded by the size of its result before it is done.

To add an operation: a function of a precision and numbers, a row of `OPERATIONS`, and a place in `parse` that builds
its node; for a function that is written before what it applies to, its name in `normalize.CALLS`.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from still_verl.rewards.equivalence.precision import (
    MAX_BITS,
    MAX_MAGNITUDE,
    Imprecise,
    Number,
    Precision,
    TooLarge,
    Undefined,
    is_exact,
    is_whole,
)

MAX_GAMMA_BITS = 512  # of precision; the first gamma function with 1,024 takes 50 ms


def _add(at: Precision, left: Number, right: Number) -> Number:
    if is_exact(left, right):
        return left + right
    if left == 0 or right == 0:
        return left or right
    total = at.inexact(left) + at.inexact(right)
    return at.unless_cancelled(total, max(at.magnitude(left), at.magnitude(right)))


def _multiply(at: Precision, left: Number, right: Number) -> Number:
    if is_exact(left, right):
        return left * right
    return at.inexact(left) * at.inexact(right)


def _divide(at: Precision, left: Number, right: Number) -> Number:
    if right == 0:
        raise Undefined("divided by 0")
    if is_exact(left, right):
        return left / right
    return at.inexact(left) / at.inexact(right)


def _power(at: Precision, base: Number, exponent: Number) -> Number:
    if exponent == 0:
        return Fraction(1)
    if base == 0 and is_exact(exponent) and exponent > 0:
        return Fraction(0)
    if base == 0:
        raise Undefined("0 to a power that is not positive")
    if is_whole(exponent):
        return _whole_power(at, base, int(exponent))
    if is_exact(base, exponent) and base < 0 and exponent.denominator % 2 == 1:
        raise Undefined("(-8)^(1/3) may be the real root or the principal one")
    return _exp(at, at.inexact(exponent) * at.functions.log(at.inexact(base)))


def _whole_power(at: Precision, base: Number, exponent: int) -> Number:
    if base == 1 or base == -1:
        return base ** (exponent % 2)
    # Any other fraction has 2 or more above or below, so its power has at least `exponent` bits.
    if is_exact(base) and abs(exponent) <= MAX_BITS:
        bits = math.log2(abs(base.numerator)) + math.log2(base.denominator)
        if abs(exponent) * bits <= MAX_BITS:
            return base**exponent
    size = _exp(at, exponent * at.functions.log(abs(at.inexact(base))))
    sign = at.inexact(base) / abs(at.inexact(base))
    if sign == 1 or sign == -1:
        return size * sign ** (exponent % 2)
    angle = at.functions.arg(sign) * exponent
    if at.magnitude(angle) > at.bits // 2:
        raise Imprecise
    return size * at.functions.expj(angle)


def _exp(at: Precision, exponent: Number) -> Number:
    exponent = at.inexact(exponent)
    growth, turns = exponent.real, exponent.imag
    if growth != 0 and at.magnitude(growth) > math.log2(MAX_MAGNITUDE):
        raise TooLarge
    if turns != 0 and at.magnitude(turns) > at.bits // 2:
        raise Imprecise
    return at.functions.exp(exponent)


def _root(at: Precision, radicand: Number, index: Number) -> Number:
    if is_exact(radicand) and index == 2 and radicand >= 0:
        top = math.isqrt(radicand.numerator)
        bottom = math.isqrt(radicand.denominator)
        if top * top == radicand.numerator and bottom * bottom == radicand.denominator:
            return Fraction(top, bottom)
    if index == 2:
        return at.functions.sqrt(at.inexact(radicand))
    is_odd = is_whole(index) and index % 2 == 1
    if is_odd and not isinstance(radicand, at.functions.mpc) and radicand < 0:  # the real root, not the principal one
        return -_power(at, -radicand, 1 / index)
    return _power(at, radicand, _divide(at, Fraction(1), index))


def _factorial(at: Precision, argument: Number) -> Number:
    if is_whole(argument) and argument < 0:
        raise Undefined("factorial of a negative integer")
    size = log2_factorial(argument)
    if is_whole(argument) and size <= MAX_BITS:
        return Fraction(math.factorial(int(argument)))
    if size > MAX_MAGNITUDE:
        raise TooLarge
    if at.bits > MAX_GAMMA_BITS:
        raise Imprecise
    return at.functions.factorial(at.argument(argument))


def log2_factorial(argument: Number) -> float:
    """Return about the logarithm to base 2 of the factorial; infinity for what is beyond the floats."""
    try:
        size = abs(complex(argument)) + 1
        return math.lgamma(size) / math.log(2)
    except OverflowError:
        return math.inf


def _binomial(at: Precision, top: Number, bottom: Number) -> Number:
    if is_whole(top) and is_whole(bottom) and 0 <= bottom <= top:
        chosen = min(bottom, top - bottom)
        if log2_binomial(int(top), int(chosen)) <= MAX_BITS:
            return Fraction(math.comb(int(top), int(chosen)))
    others = _factorial(at, _add(at, top, -bottom))
    return _divide(at, _factorial(at, top), _multiply(at, _factorial(at, bottom), others))


def log2_binomial(top: int, chosen: int) -> float:
    """Return about the logarithm to base 2 of a binomial, rather too much of one with a large `top`."""
    if top < MAX_MAGNITUDE:
        others = log2_factorial(Fraction(top - chosen))
        return log2_factorial(Fraction(top)) - log2_factorial(Fraction(chosen)) - others
    return chosen * math.log2(top) - log2_factorial(Fraction(chosen))


def _nearest_whole(at: Precision, value: Number) -> int | None:
    """The integer that a real number is but for rounding."""
    if at.magnitude(value) > at.lost:
        raise Imprecise
    whole = int(at.functions.nint(value))
    if at.unless_cancelled(value - whole, max(at.magnitude(value), 0)) == 0:
        return whole
    return None


def _rounded(function: Callable[[Any], Any]) -> Callable[[Precision, Number], Number]:
    """An operation that rounds a real number."""

    def operation(at: Precision, value: Number) -> Number:
        if is_exact(value):
            return Fraction(function(value))
        if isinstance(value, at.functions.mpc):
            raise Undefined("not real")
        whole = _nearest_whole(at, value)
        if whole is None:
            whole = int(function(value))
        return Fraction(whole)

    return operation


def _function(name: str) -> Callable[[Precision, Number], Number]:
    """A function of mpmath; its zeros are exact."""

    def operation(at: Precision, value: Number) -> Number:
        argument = at.argument(value)
        size = at.magnitude(argument) if argument != 0 else 0
        if size > at.bits // 2 and name in ("sin", "cos"):
            raise Imprecise
        return at.unless_cancelled(getattr(at.functions, name)(argument), min(size, 0))

    return operation


def _logarithm(at: Precision, value: Number) -> Number:
    if value == 0:
        raise Undefined("logarithm of 0")
    return at.unless_cancelled(at.functions.log(at.inexact(value)), 0)


def _degrees(at: Precision, value: Number) -> Number:
    return at.inexact(value) * at.functions.pi / 180


OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": _add,
    "*": _multiply,
    "/": _divide,
    "^": _power,
    "neg": lambda _, value: -value,
    "abs": lambda _, value: abs(value),
    "root": _root,
    "factorial": _factorial,
    "binom": _binomial,
    "floor": _rounded(math.floor),
    "ceil": _rounded(math.ceil),
    "degrees": _degrees,
    "sin": _function("sin"),
    "cos": _function("cos"),
    "arcsin": _function("asin"),
    "arccos": _function("acos"),
    "arctan": _function("atan"),
    "ln": _logarithm,
}
