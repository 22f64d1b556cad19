"""Formulas as residues modulo a large prime: whether they are the same is known before any big number is built.

A formula of sums, products, quotients and whole powers has a residue at a random point. Two such formulas with the same
residue are the same rational function, two with different residues are different ones (Schwartz and Zippel), however
high their powers are: `(x+1)^9999` costs as much as `x+1`. Any other operation, such as a root or a sine, becomes a
random residue that depends on the operation and on the residues of its arguments. So equal residues still are equal
formulas, but different ones say nothing.

The prime and the point are drawn once in each process: with known ones, an answer could be written to meet them.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.evaluate import Evaluator, TooLarge, Undefined
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.precision import is_whole

PRIME_BITS = 127
MAX_SIZE = 2**64  # of degrees, and bits of coefficients; 2^-50 is then the chance that different formulas look the same
MAX_FACTORS = 2_500  # of a factorial or binomial that is multiplied out
_WITNESSES = 24  # of the test of Miller and Rabin


class _Opaque(Exception):
    """An operation without a residue of its own."""


class Residues:
    """The residues of formulas at one random point.

    Attributes:
        is_rational: whether no formula had an operation without a residue of its own.
    """

    def __init__(self, alias: Mapping[str, str]) -> None:
        """Read the symbols of `alias` by other names."""
        self._alias = alias
        self.is_rational = True

    def __call__(self, node: Node) -> int:
        """Return the residue of `node`.

        Raises:
            Undefined: it divides by zero.
            OutOfTime: see `clock`.
        """
        residue, _ = self._read(node)
        return residue

    def _read(self, node: Node) -> tuple[int, int]:
        """The residue, and a bound on the degree and on the bits of coefficients."""
        if node.kind == "number":
            residue = node.value.numerator * _inverse(node.value.denominator)
            return residue % prime(), node.value.numerator.bit_length() + node.value.denominator.bit_length()
        if node.kind == "symbol":
            return _of_symbol(self._alias.get(node.name, node.name)), 1
        clock.check()
        if node.kind in ("^", "binom", "factorial", "double factorial"):
            return self._with_whole_number(node)
        args = []
        size = 1
        for arg in node.args:
            residue, bound = self._read(arg)
            args.append(residue)
            size += bound
        rational = _RATIONAL.get(node.kind)
        if rational is None or size > MAX_SIZE:
            return self._opaque(node.kind, args), 1
        return rational(*args) % prime(), size

    def _with_whole_number(self, node: Node) -> tuple[int, int]:
        """An operation that is multiplication, as often as a number in it says."""
        args = []
        size = 1
        for arg in node.args:
            residue, bound = self._read(arg)
            args.append(residue)
            size += bound
        try:
            count = _whole_number(node.args[-1])
            return _REPEATED[node.kind](args[0], count, size)
        except _Opaque:
            return self._opaque(node.kind, args), 1

    def _opaque(self, kind: str, args: list[int]) -> int:
        self.is_rational = False
        return _random_residue(kind, *args)


def _whole_number(node: Node) -> int:
    """The integer that a formula without symbols is."""
    if node.kind == "number" and node.value.denominator == 1:
        return int(node.value)
    try:
        value = Evaluator({})(node)
    except (Undefined, TooLarge) as error:
        raise _Opaque from error
    if not is_whole(value):
        raise _Opaque
    return int(value)


def _power(base: int, exponent: int, size: int) -> tuple[int, int]:
    size *= abs(exponent) + 1
    if size > MAX_SIZE:
        raise _Opaque
    if exponent < 0:
        base = _inverse(base)
    return pow(base, abs(exponent), prime()), size


def _binomial(top: int, chosen: int, size: int) -> tuple[int, int]:
    """A polynomial in the number above, of the degree that is below."""
    if not 0 <= chosen <= MAX_FACTORS:
        raise _Opaque
    product = 1
    for step in range(chosen):
        product = product * (top - step) % prime()
    return product * _inverse(_product(chosen, 1)) % prime(), size * (chosen + 1)


def _factorial(_: int, number: int, size: int) -> tuple[int, int]:
    return _product(number, 1), size + max(number, 1).bit_length() * abs(number)


def _double_factorial(_: int, number: int, size: int) -> tuple[int, int]:
    return _product(number, 2), size + max(number, 1).bit_length() * abs(number)


@lru_cache(maxsize=1024)
def _product(largest: int, step: int) -> int:
    """Every number from `largest` down, multiplied."""
    if not 0 <= largest <= MAX_FACTORS:
        raise _Opaque
    product = 1
    for factor in range(largest, 1, -step):
        product = product * factor % prime()
    return product


def _inverse(residue: int) -> int:
    if residue % prime() == 0:
        raise Undefined("divided by 0")
    return pow(residue, -1, prime())


def _quotient(top: int, bottom: int) -> int:
    return top * _inverse(bottom)


def _degrees(angle: int) -> int:
    return angle * _of_symbol("π") * _inverse(180)


_RATIONAL: dict[str, Callable[..., int]] = {
    "+": int.__add__,
    "*": int.__mul__,
    "neg": int.__neg__,
    "/": _quotient,
    "degrees": _degrees,
}
_REPEATED: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
    "^": _power,
    "binom": _binomial,
    "factorial": _factorial,
    "double factorial": _double_factorial,
}


@lru_cache(maxsize=4096)
def _of_symbol(name: str) -> int:
    if name == "i":
        return _root_of_minus_one()
    return _random_residue("symbol", name)


@lru_cache(maxsize=1)
def _secret() -> bytes:
    return secrets.token_bytes(32)


def _random_residue(*key: object) -> int:
    """The same residue for the same key, and nobody outside of this process knows which."""
    digest = hashlib.blake2b(repr(key).encode(), key=_secret(), digest_size=32)
    return int.from_bytes(digest.digest(), "big") % prime()


@lru_cache(maxsize=1)
def prime() -> int:
    """Return a random prime of `PRIME_BITS` bits, one more than a multiple of 4, so that -1 has a square root."""
    while True:
        candidate = secrets.randbits(PRIME_BITS - 3) * 4 + 2 ** (PRIME_BITS - 1) + 1
        if _is_prime(candidate):
            return candidate


def _is_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_WITNESSES):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        squares = [power]
        for _ in range(twos - 1):
            squares.append(squares[-1] ** 2 % number)
        if power != 1 and number - 1 not in squares:
            return False
    return True


@lru_cache(maxsize=1)
def _root_of_minus_one() -> int:
    while True:
        root = pow(secrets.randbelow(prime() - 2) + 2, (prime() - 1) // 4, prime())
        if root * root % prime() == prime() - 1:
            return root
