"""The kinds of answer.

A text can have several interpretations: `(1, 2)` is a point and an interval. Two answers are equal when any
interpretation of one is equal to any of the other.
"""

from dataclasses import dataclass, field

from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.precision import Number


@dataclass(frozen=True)
class Formula:
    """A number or an expression.

    Attributes:
        text: the formula without its unit, in the dialect of `normalize`.
        node: the tree; None when only math-verify may understand the text.
        unit: what was taken off the text, as `read.quantities` reads it, or `%`, `°`, `base N`; else empty.
        droppable: whether the other side may leave the unit out: not letters that may be symbols, `2mg`.
        is_about: whether the text calls it an approximation.
    """

    text: str
    node: Node | None
    unit: str = ""
    droppable: bool = True
    is_about: bool = False

    @property
    def is_symbol(self) -> bool:
        """Whether this is a symbol and nothing else."""
        return self.node is not None and self.node.kind == "symbol"

    @property
    def literal(self) -> Node | None:
        """The number with decimal places that this is, sign included; None when it is anything else."""
        node, sign = self.node, 1
        if node is not None and node.kind == "neg":
            node, sign = node.args[0], -1
        if node is None or node.kind != "number" or not node.decimals:
            return None
        return Node("number", value=sign * node.value, decimals=node.decimals)


@dataclass(frozen=True)
class Collection:
    """Several answers.

    Attributes:
        bracket: both brackets of a tuple, whose order counts, `()` or `[)`; "{" for a set; "∨" for answers with "or"
            between them; empty for a bare list; "⟦" for the rows of a matrix, tuples of entries; "⟪" for a function by
            cases, pairs of a value and its condition; "mod", ":", "-" and "/" for residues, times and dates.
    """

    items: tuple["Interpretations", ...]
    bracket: str = ""


@dataclass(frozen=True, order=True)
class End:
    """A number where a region begins or ends, as a value of `precision` and as it is written."""

    value: Number
    formula: Formula = field(compare=False)


@dataclass(frozen=True)
class Region:
    """A set of reals: its ends in order, and whether the places around them are members.

    The places are those before the first end, this end, those between it and the next, and so on.
    """

    ends: tuple[End, ...]
    members: tuple[bool, ...]


@dataclass(frozen=True)
class Relation:
    """Formulas with the signs between them: a statement that is not solved (`a > b ≥ c`), logic, sets with names."""

    sides: tuple[Formula, ...]
    signs: str


@dataclass(frozen=True)
class Named:
    """`name = value`, or `name(params) = value`."""

    name: str
    params: tuple[str, ...]
    value: "Interpretations"


@dataclass(frozen=True)
class Equation:
    """`left = right`, where the left side is more than a name."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Words:
    """Prose, in lower case and without punctuation or articles."""

    text: str


Value = Formula | Collection | Region | Relation | Named | Equation | Words
Interpretations = tuple[Value, ...]
EVERYTHING = Region((), (True,))
NOTHING = Region((), (False,))
