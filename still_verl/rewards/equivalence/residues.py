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
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.evaluate import Evaluator, TooLarge, Undefined
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.precision import is_exact, is_whole

PRIME_BITS = 127
MAX_FACTORS = 2_500  # of a factorial or binomial that is multiplied out


class _Opaque(Exception):
    """An operation without a residue of its own."""


def same_residue(left: Node, right: Node) -> bool | None:
    """Say whether two formulas are the same; None for different ones that are not rational.

    Raises:
        OutOfTime: see `clock`.
    """
    residues = Residues()
    try:
        if residues(left) == residues(right):
            return True
    except Undefined:
        return None
    return False if residues.is_rational else None


class Residues:
    """The residues of formulas at one random point.

    A power has a residue when its exponent is an exact number, of some thousand bits at most. With so few nobody can
    make a multiple of the order of all residues, for which `x^n` would be 1 at every point.

    Attributes:
        is_rational: whether no formula had an operation without a residue of its own.
    """

    is_rational = True

    def __call__(self, node: Node) -> int:
        """Return the residue of `node`.

        Raises:
            Undefined: it divides by zero.
            OutOfTime: see `clock`.
        """
        if node.kind == "number":
            return _quotient(node.value.numerator, node.value.denominator) % prime()
        if node.kind == "symbol":
            return _of_symbol(node.name)
        clock.check()
        args = [self(arg) for arg in node.args]
        try:
            return _OPERATIONS[node.kind](*args, node) % prime()
        except (KeyError, _Opaque):
            self.is_rational = False
            return _random_residue(node.kind, *args)


def _number(node: Node) -> Fraction:
    """The exact value of a formula without symbols."""
    if node.kind == "number":
        return node.value
    try:
        value = Evaluator({})(node)
    except (Undefined, TooLarge) as error:
        raise _Opaque from error
    if not is_exact(value):
        raise _Opaque
    return value


def _power(base: int, _: int, node: Node) -> int:
    exponent = _number(node.args[1])
    if not is_whole(exponent):
        raise _Opaque
    if exponent < 0:
        base = _quotient(1, base)
    return pow(base, abs(int(exponent)), prime())


def _binomial(top: int, _: int, node: Node) -> int:
    """A polynomial in the number above, of the degree that is below."""
    product = 1
    for step in range(_count(node.args[1])):
        product = product * (top - step) % prime()
    return _quotient(product, _factorial(0, Node("factorial", node.args[1:])))


def _factorial(_: int, node: Node) -> int:
    product = 1
    for step in range(_count(node.args[0])):
        product = product * (step + 1) % prime()
    return product


def _count(node: Node) -> int:
    """How many factors are to be multiplied, not too many."""
    count = _number(node)
    if not is_whole(count) or not 0 <= count <= MAX_FACTORS:
        raise _Opaque
    return int(count)


def _quotient(above: int, below: int, _: Node | None = None) -> int:
    if below % prime() == 0:
        raise Undefined("divided by 0")
    return above * pow(below, -1, prime())


def _degrees(angle: int, _: Node) -> int:
    return _quotient(angle * _of_symbol("π"), 180)


_OPERATIONS: dict[str, Callable[..., int]] = {
    "+": lambda left, right, _: left + right,
    "*": lambda left, right, _: left * right,
    "neg": lambda value, _: -value,
    "/": _quotient,
    "degrees": _degrees,
    "^": _power,
    "binom": _binomial,
    "factorial": _factorial,
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
    from mpmath.libmp.libintmath import isprime  # imported late, as by `precision`

    candidate = 0
    while not isprime(candidate):
        candidate = secrets.randbits(PRIME_BITS - 3) * 4 + 2 ** (PRIME_BITS - 1) + 1
    return candidate


@lru_cache(maxsize=1)
def _root_of_minus_one() -> int:
    root = 0
    while root * root % prime() != prime() - 1:
        root = pow(secrets.randbelow(prime() - 2) + 2, (prime() - 1) // 4, prime())
    return root
