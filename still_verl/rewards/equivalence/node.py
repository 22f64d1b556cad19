"""Formulas as trees."""

from dataclasses import dataclass
from fractions import Fraction


class Unreadable(ValueError):
    """The text is not a formula that this module understands."""


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is number, symbol, or the name of an operation on `args`; `decimals` counts the places of a literal."""

    kind: str
    args: tuple["Node", ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)
    decimals: int = 0

    def symbols(self) -> frozenset[str]:
        """The names of the free symbols."""
        if self.kind == "symbol":
            return frozenset([self.name])
        return frozenset().union(*(arg.symbols() for arg in self.args)) if self.args else frozenset()


def number(value: int | Fraction) -> Node:
    return Node("number", value=Fraction(value))
