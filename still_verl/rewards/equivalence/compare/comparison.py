"""Shared by all comparisons: three truth values, the choice of a rule, the reasons of a No, a bound on the work."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, Literal, get_args

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.answer_types import Formula, Interpretations, Value, Words
from still_verl.rewards.equivalence.reading import Reading

Ternary = bool | None  # None: cannot tell
# Why two answers differ for certain. Only these overrule math-verify: without one of them a worker asks it.
Difference = Literal[
    "kinds differ", "values differ", "names contradict", "units contradict", "parts differ", "not evaluated"
]
DIFFERENCES: tuple[Difference, ...] = get_args(Difference)
Rule = Callable[["Comparison", Any, Any], Ternary]
Rules = Mapping[tuple[type, type], Rule]

MAX_COMPARED = 4_000  # pairs of formulas and of interpretations, about 0.1 s


class Exhausted(Exception):
    """More pairs to compare than an answer is worth: sets of sets, each item against each."""


def undecided(gold: str, answer: str) -> None:
    """Leave open what only a worker can find out."""


@dataclass(frozen=True)
class Libraries:
    """What only a worker may ask; in the caller's process nothing is known.

    Attributes:
        fallback: decides two texts of which one is not understood.
        convert: how many of the first unit one of the second is; 0 when they measure something else, None when one of
            them measures nothing.
    """

    fallback: Callable[[str, str], Ternary] = undecided
    convert: Callable[[str, str], Fraction | None] | None = None


ASK_NOBODY = Libraries()


class Comparison:
    """One comparison of an answer with a gold answer.

    Attributes:
        rules: by the kinds of the gold value and of the answer's; `object` stands for any kind.
        is_strict: whether what the gold answer's kind does not allow is refused, see `reading`.
        fallback: decides two texts of which one is not understood.
        convert: how many of the gold answer's unit one of the answer's is; None in the caller's process.
        differences: why parts were found to differ, the last reason last.
        alias: the gold answer's name of a symbol, by the name that the answer gives it.
    """

    def __init__(self, rules: Rules, reading: Reading = "strict", libraries: Libraries = ASK_NOBODY) -> None:
        self.rules = rules
        self.is_strict = reading == "strict"
        self.fallback = libraries.fallback
        self.convert = libraries.convert
        self.differences: list[Difference] = []
        self.alias: Mapping[str, str] = {}
        self._budget = iter(range(MAX_COMPARED))  # an iterator, which the copies of `renamed` share

    def spend(self) -> None:
        """Count one pair.

        Raises:
            Exhausted: after `MAX_COMPARED` pairs, those of renamed comparisons among them.
            OutOfTime: see `clock`.
        """
        clock.check()
        if next(self._budget, None) is None:
            raise Exhausted

    def refuse(self, why: Difference) -> bool:
        """Return False, and keep the reason."""
        self.differences.append(why)
        return False

    def interpretations(self, gold: Interpretations, answer: Interpretations) -> Ternary:
        """Say whether any interpretation of one is any of the other."""
        self.spend()
        if not gold or not answer:
            return None
        return any_of(self.values(*pair) for pair in product(gold, answer))

    def values(self, gold: Value, answer: Value) -> Ternary:
        """Compare two values by the rule for their kinds, else by a rule for one of them and any other."""
        left, right = type(gold), type(answer)
        rule = self.rules.get((left, right)) or self.rules.get((left, object)) or self.rules.get((object, right))
        if rule is None:
            return self.without_rule(gold, answer)
        equal = rule(self, gold, answer)
        if equal is False and not self.differences:
            self.refuse("values differ")
        return equal

    def without_rule(self, gold: Value, answer: Value) -> Ternary:
        """Refuse two values of kinds that cannot be equal, unless a part of them is not understood."""
        if _is_unread(gold) or _is_unread(answer):
            return None
        return self.refuse("kinds differ")

    def in_order(self, gold: Sequence[Interpretations], answer: Sequence[Interpretations]) -> Ternary:
        """Say whether there are as many items of both, and they are equal one by one."""
        if len(gold) != len(answer):
            return self.refuse("parts differ")
        return all_of(self.interpretations(*pair) for pair in zip(gold, answer, strict=True))

    def renamed(self, alias: Mapping[str, str]) -> "Comparison":
        """Return this comparison with the answer's symbols read as others."""
        other = copy(self)
        other.alias = {**self.alias, **alias}
        return other


def any_of(truths: Iterable[Ternary]) -> Ternary:
    """Return True as soon as one is; None when one might be."""
    result: Ternary = False
    for truth in truths:
        if truth:
            return True
        result = None if truth is None else result
    return result


def all_of(truths: Iterable[Ternary]) -> Ternary:
    """Return False as soon as one is; None when one might be."""
    result: Ternary = True
    for truth in truths:
        if truth is False:
            return False
        result = result and truth
    return result


def _is_unread(value: Value) -> bool:
    """Whether a text was not understood, or has numbers among its words."""
    if isinstance(value, Formula):
        return value.node is None
    return isinstance(value, Words) and any(map(str.isdigit, value.text))
