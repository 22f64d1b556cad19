"""The kinds of answer. A text can have several readings: `(1, 2)` is a point and an interval. Any may be equal."""

from dataclasses import dataclass

from still_verl.rewards.equivalence.node import Node


@dataclass(frozen=True)
class Formula:
    """A number or an expression. `node` is None when only math-verify may understand `text`; `unit` was taken off."""

    text: str
    node: Node | None
    unit: str = ""

    @property
    def literal(self) -> Node | None:
        """The number with decimal places that this is, sign included, if it is one."""
        node, sign = self.node, 1
        if node is not None and node.kind == "neg":
            node, sign = node.args[0], -1
        if node is None or node.kind != "number" or not node.decimals:
            return None
        return Node("number", value=sign * node.value, decimals=node.decimals)


@dataclass(frozen=True)
class Collection:
    """Several answers: `bracket` is "(" for a tuple, whose order counts, "{" for a set, and empty for a bare list."""

    items: tuple["Readings", ...]
    bracket: str = ""


@dataclass(frozen=True)
class Cut:
    """A place on the line of reals where a region begins or ends: just before `value`, or just after it.

    `decimals` counts the places that the value was written with; 0 for an exact one.
    """

    value: float
    after: bool
    decimals: int = 0

    def __lt__(self, other: "Cut") -> bool:
        return (self.value, self.after) < (other.value, other.after)


@dataclass(frozen=True)
class Region:
    """A set of reals with known ends: it begins at every even cut and ends at the next."""

    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Interval:
    """An interval whose ends depend on symbols. `brackets` are two of `[]()`."""

    low: Formula
    high: Formula
    brackets: str


@dataclass(frozen=True)
class Ordering:
    """Formulas in order, with the relations (`<>≤≥≠`) between them: a statement that is not solved for an unknown."""

    sides: tuple[Formula, ...]
    relations: str


@dataclass(frozen=True)
class Named:
    """`name = value`, or `name(params) = value`."""

    name: str
    params: tuple[str, ...]
    value: "Readings"


@dataclass(frozen=True)
class Equation:
    """`left = right`, where the left side is more than a name."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Congruence:
    """All integers that leave `residue` when they are divided by `modulus`."""

    residue: Node
    modulus: Node


@dataclass(frozen=True)
class Matrix:
    """Rows of entries."""

    rows: tuple[tuple["Readings", ...], ...]


@dataclass(frozen=True)
class Clock:
    """A time of day in minutes after midnight; without "am" or "pm" `half` is unknown."""

    minutes: int
    half: str


@dataclass(frozen=True)
class Words:
    """Prose, in lower case and without punctuation or articles."""

    text: str


Value = Formula | Collection | Region | Interval | Ordering | Named | Equation | Congruence | Matrix | Clock | Words
Readings = tuple[Value, ...]
EVERYTHING = Region((Cut(float("-inf"), True), Cut(float("inf"), False)))
NOTHING = Region(())
