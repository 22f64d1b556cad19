"""The frame of every comparison: three truths, the table of rules by kind, and what surrounds them.

A rule takes (gold, answer) of two kinds and says True, False, or None for "cannot tell". None only survives where
another reading, or math-verify in a worker, may still know. Equality is symmetric except where an answer solves a gold
equation.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from itertools import product
from typing import Any

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Matrix, Named, Readings, Value, Words

Truth = bool | None
Leaf = Callable[[str, str], Truth]
MAX_PAIRS = 4_000  # of formulas, and of readings, about 0.1 s

Rule = Callable[["Comparison", Any, Any], Truth]

_RULES: dict[tuple[type, type], Rule] = {}


def rule(gold: type, answer: type) -> Callable[[Rule], Rule]:
    """Enter a function in the table; `object` stands for any kind that has no rule of its own."""

    def enter(function: Rule) -> Rule:
        _RULES[gold, answer] = function
        return function

    return enter


def unknown(gold: str, answer: str) -> Truth:
    """The leaf of the cheap path: what the parser does not understand stays open."""
    return None


def any_of(truths: Iterable[Truth]) -> Truth:
    """True as soon as one is; None when one might be."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        result = None if truth is None else result
    return result


def all_of(truths: Iterable[Truth]) -> Truth:
    """False as soon as one is; None when one might be."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        result = None if truth is None else result
    return result


class Exhausted(Exception):
    """More pairs to compare than an answer is worth: sets of sets, each item against each."""


class Comparison:
    """One comparison: `leaf` decides texts that are not understood, `alias` renames symbols of the answer."""

    def __init__(self, leaf: Leaf = unknown) -> None:
        self.leaf = leaf
        self.alias: Mapping[str, str] = {}
        self._budget = iter(range(MAX_PAIRS))

    def spend(self) -> None:
        """Count one pair. `Exhausted` after `MAX_PAIRS`, those of renamed comparisons among them."""
        if next(self._budget, None) is None:
            raise Exhausted

    def readings(self, gold: Readings, answer: Readings) -> Truth:
        """Whether any reading of one is any reading of the other."""
        self.spend()
        if not gold or not answer:
            return None
        return any_of(self.values(left, right) for left, right in product(gold, answer))

    def values(self, gold: Value, answer: Value) -> Truth:
        """By the rule for the two kinds. Kinds that have none together differ, unless a part is not understood."""
        for kinds in ((type(gold), type(answer)), (type(gold), object), (object, type(answer))):
            if kinds in _RULES:
                return _RULES[kinds](self, gold, answer)
        return None if opaque(gold) or opaque(answer) else False

    def renamed(self, old: str, new: str) -> "Comparison":
        """This comparison, with the answer's symbol `old` read as `new`."""
        other = copy(self)
        other.alias = {**self.alias, old: new}
        return other


def opaque(value: Value) -> bool:
    """Whether some part of `value` was not understood."""
    if isinstance(value, Formula):
        return value.node is None
    if isinstance(value, Collection):
        return any(map(_opaque, value.items))
    if isinstance(value, Matrix):
        return any(_opaque(entry) for row in value.rows for entry in row)
    if isinstance(value, Words):
        return any(character.isdigit() for character in value.text)
    return isinstance(value, Named) and _opaque(value.value)


def _opaque(readings: Readings) -> bool:
    return not readings or any(map(opaque, readings))
