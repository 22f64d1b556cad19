"""Formulas as trees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property


class Unreadable(ValueError):
    """The text is not a formula that the parser understands."""


@dataclass(frozen=True)
class Node:
    """A number, a symbol, or an operation on other nodes.

    Attributes:
        kind: `number`, `symbol`, or the name of an operation, as in `evaluate`.
        args: what the operation applies to.
        name: of a symbol.
        value: of a number, exact.
        decimals: the decimal places that a number was written with; 0 for an integer.
    """

    kind: str
    args: tuple["Node", ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)
    decimals: int = 0

    def symbols(self) -> frozenset[str]:
        """Return the names of the symbols, constants among them."""
        return self._symbols

    @cached_property
    def _symbols(self) -> frozenset[str]:
        if self.kind == "symbol":
            return frozenset([self.name])
        return frozenset[str]().union(*[arg.symbols() for arg in self.args])

    def has(self, is_wanted: Callable[["Node"], bool]) -> bool:
        """Say whether this or a part of it is wanted."""
        return is_wanted(self) or any(arg.has(is_wanted) for arg in self.args)

    def with_symbols(self, values: Mapping[str, "Node"]) -> "Node":
        """Return this formula with other formulas in the place of some symbols."""
        if self.kind == "symbol":
            return values.get(self.name, self)
        args = tuple([arg.with_symbols(values) for arg in self.args])
        return Node(self.kind, args) if args else self

    def at(self, point: Mapping[str, Fraction]) -> "Node":
        """Return this formula with numbers in the place of its symbols."""
        return self.with_symbols({name: number(value) for name, value in point.items()})


def number(value: int | Fraction) -> Node:
    """Return the node of an exact number."""
    return Node("number", value=Fraction(value))


# Functions that are quotients of others: identities between them then need no evaluation.
_QUOTIENTS = {"tan": ("sin", "cos"), "cot": ("cos", "sin"), "sec": ("", "cos"), "csc": ("", "sin")}


def function(name: str, argument: Node) -> Node:
    """Return the node of a function with a name of `normalize.CALLS`, written with as few functions as there are."""
    if name in _QUOTIENTS:
        above, below = _QUOTIENTS[name]
        top = Node(above, (argument,)) if above else number(1)
        return Node("/", (top, Node(below, (argument,))))
    if name == "exp":
        return Node("^", (Node("symbol", name="e"), argument))
    return Node("ln" if name == "log" else name, (argument,))


def difference(left: Node, right: Node) -> Node:
    """Return the formula `left - right`."""
    return Node("+", (left, Node("neg", (right,))))
