"""How a verdict came about: how each side was read, and which rules compared what. For people; `verify` is for jobs."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import Any

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.answer_types import Collection, Formula, Named, Region, Words
from still_verl.rewards.equivalence.compare.comparison import Comparison, Exhausted, Rule, Ternary
from still_verl.rewards.equivalence.compare.table import RULES
from still_verl.rewards.equivalence.decide import MAX_RULES_LENGTH, decide
from still_verl.rewards.equivalence.evaluate import TooLarge
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.read.declarations import declared
from still_verl.rewards.equivalence.read.interpret import interpret
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.verify import Verdict, verify
from still_verl.rewards.gold import UnreadableGold, read_gold

MAX_STEPS = 40  # comparisons that are kept
MAX_SECONDS = 2.0  # of processor time to record them
_AROUND = {
    "": ("", ", ", ""),
    "{": ("{", ", ", "}"),
    "∨": ("one of ", ", ", ""),
    ":": ("", ":", ""),
    "mod": ("", " mod ", ""),
    "⟦": ("[", "; ", "]"),
    "⟪": ("", "; ", ""),
}


@dataclass(frozen=True)
class Side:
    """How one side was read.

    Attributes:
        text: what was compared; of a gold answer what `read_gold` found in it.
        normalized: the text in the one dialect of `normalize`.
        kinds: each interpretation of it as `kind: value`; none when it was not read.
    """

    text: str
    normalized: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One rule that compared two values, and what it said; None when it could not tell."""

    rule: str
    gold: str
    answer: str
    equal: Ternary


@dataclass(frozen=True)
class Explanation:
    """A verdict and how it came about.

    Attributes:
        verdict: what `verify` says.
        gold: the right answer; None when it cannot be read.
        answer: the answer.
        steps: the rules that were asked in this process, in the order in which they answered.
        fault: why the right answer cannot be read; empty when it can.
    """

    verdict: Verdict
    gold: Side | None
    answer: Side
    steps: tuple[Step, ...] = ()
    fault: str = ""


def explain(gold: Any, answer: str, reading: Reading = "strict") -> Explanation:
    """Compare two answers as `verify` does, and say how.

    Of several alternatives the one that decided is shown.

    Raises:
        Unavailable: as `verify`.

    Example:
        >>> explained = explain("1/2", "0.5")
        >>> explained.steps[-1].rule, explained.gold.kinds, explained.answer.kinds
        ('same_formula', ('formula: 1/2',), ('formula: 0.5',))
    """
    verdict = verify(gold, answer, reading)
    try:
        alternatives = read_gold(gold)
    except UnreadableGold as error:
        return Explanation(verdict, None, read_side(answer), fault=str(error))
    decisive = alternatives[0]
    for alternative in alternatives:
        if verdict.equal and verify(alternative, answer, reading).equal:
            decisive = alternative
            break
    recorder = Recorder()
    with suppress(clock.OutOfTime), clock.limited(MAX_SECONDS):
        decide(decisive, answer, reading, rules=recorder)
    return Explanation(verdict, read_side(decisive), read_side(answer), tuple(recorder.steps))


def read_side(text: str) -> Side:
    """Read one text as the rules read it."""
    text = text.strip()
    if len(text) > MAX_RULES_LENGTH:
        return Side(text, "", ())
    normalized = normalize(text)
    try:
        values = interpret(declared(normalized).text)
    except (ValueError, TooLarge, Exhausted, RecursionError):  # `decide` names the obstacle
        values = ()
    return Side(text, normalized, tuple(f"{type(value).__name__.lower()}: {shown(value)}" for value in values))


class Recorder(Mapping[tuple[type, type], Rule]):
    """The table of rules, each of which also keeps what it was asked."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __getitem__(self, kinds: tuple[type, type]) -> Rule:
        rule = RULES[kinds]

        def recorded(compare: Comparison, gold: Any, answer: Any) -> Ternary:
            equal = rule(compare, gold, answer)
            if len(self.steps) < MAX_STEPS:
                self.steps.append(Step(getattr(rule, "__name__", str(rule)), shown(gold), shown(answer), equal))
            return equal

        return recorded

    def __iter__(self) -> Iterator[tuple[type, type]]:
        return iter(RULES)

    def __len__(self) -> int:
        return len(RULES)


def shown(value: Any) -> str:
    """Write a value of `answer_types` for people."""
    if isinstance(value, Formula):
        text = value.text or (_formula(value.node) if value.node else "")
        return f"{text} [{value.unit}]" if value.unit else text
    if isinstance(value, Words):
        return value.text
    if isinstance(value, Named):
        return f"{value.name} = {_first(value.value)}"
    if isinstance(value, Collection):
        opening, between, closing = _around(value.bracket)
        return opening + between.join(_first(item) for item in value.items) + closing
    if isinstance(value, Region):
        return _region(value)
    if isinstance(value, Node):
        return _formula(value)
    if isinstance(value, tuple):
        return ", ".join(shown(item) for item in value)
    if is_dataclass(value):
        return "; ".join(f"{field.name} {shown(getattr(value, field.name))}" for field in fields(value))
    return str(value)


def _around(kind: str) -> tuple[str, str, str]:
    """What stands before, between and behind the items of a collection, see `answer_types.Collection`."""
    if len(kind) == 2:
        return kind[0], ", ", kind[1]
    return _AROUND[kind]


def _first(interpretations: tuple[Any, ...]) -> str:
    if not interpretations:
        return "?"
    return shown(interpretations[0])


def _region(region: Region) -> str:
    """A set of reals as the union of its intervals."""
    texts = [end.formula.text for end in region.ends]
    intervals = []
    for is_member, run in groupby(range(len(region.members)), region.members.__getitem__):
        places = list(run)
        if is_member:
            intervals.append(_interval(texts, places[0], places[-1]))
    return " ∪ ".join(intervals) or "∅"


def _interval(ends: list[str], first: int, last: int) -> str:
    """The places from the first to the last; the odd ones are ends, see `Region`."""
    low = f"[{ends[first // 2]}" if first % 2 else f"({['-∞', *ends][first // 2]}"
    high = f"{ends[last // 2]}]" if last % 2 else f"{[*ends, '∞'][last // 2]})"
    return f"{low}, {high}"


def _formula(node: Node) -> str:
    """A tree in prefix notation."""
    if node.kind == "symbol":
        return node.name
    if node.kind == "number":
        return str(node.value)
    return f"{node.kind}({', '.join(_formula(arg) for arg in node.args)})"
