"""Equality by rules: in bounded time, without sympy and without a process of its own."""

import re
from collections.abc import Iterator
from itertools import permutations

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Interpretations, Named, Value
from still_verl.rewards.equivalence.compare.comparison import (
    ASK_NOBODY,
    Comparison,
    Exhausted,
    Libraries,
    Rules,
    Ternary,
)
from still_verl.rewards.equivalence.compare.table import RULES
from still_verl.rewards.equivalence.evaluate import TooLarge
from still_verl.rewards.equivalence.identity import INTEGER_LETTERS
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.read.choices import labelled, same_choice
from still_verl.rewards.equivalence.read.declarations import Declared, angle_index, constants, declared
from still_verl.rewards.equivalence.read.interpret import DECIMAL_COMMA, interpret
from still_verl.rewards.equivalence.read.relations import TIME_OF_DAY
from still_verl.rewards.equivalence.read.unevaluated import is_unevaluated
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.symbols import free_symbols, is_symbol

MAX_RULES_LENGTH = 1000  # characters of an answer that the rules read
MAX_RENAMED = 3  # variables that may be called differently at once
# `2.5(10)` has an endless period or is a product, and a right answer that is written in digits alone has no period.
_IN_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")
_TIMES = re.compile(r"(?<![\d.])([1-9]\d*\.\d+)(?=\(\d+\))")


def decide(
    gold: str, answer: str, reading: Reading = "strict", libraries: Libraries = ASK_NOBODY, rules: Rules = RULES
) -> tuple[Ternary, str]:
    r"""Decide whether `answer` equals `gold` by our rules, and name the rule or the obstacle.

    Args:
        gold: the right answer, in LaTeX or plain text.
        answer: the answer to judge, likewise.
        reading: how generously they are compared.
        libraries: what a worker may ask about parts that the rules do not know.
        rules: by the kinds of two values; `explain` records which are used.

    Returns:
        The truth, None when the rules cannot tell; and the kind of the gold answer, one of `DIFFERENCES`, `choice`,
        `bound variable`, or why nothing is known.

    Example:
        >>> decide(r"(-\infty, -5)", "k < -5"), decide("1, 2", "1, 3"), decide("3", "((9!)!)!")
        ((True, 'region'), (False, 'values differ'), (None, 'too large'))
    """
    if len(gold) > MAX_RULES_LENGTH or len(answer) > MAX_RULES_LENGTH:
        return None, "too long for the rules"
    left, right = normalize(gold), normalize(answer)
    same = same_choice(left, right, reading)
    if same is not None:
        return same, "choice" if same else "values differ"
    if reading == "strict" and is_unevaluated(left, right):
        return False, "not evaluated"
    left, right = labelled(left)[1] or left, labelled(right)[1] or right
    if _IN_DIGITS.fullmatch(left):
        right = _TIMES.sub(r"\1*", right)
    try:
        compare = Comparison(rules, reading, libraries)
        return _Decision(declared(left), declared(right), compare).decide()
    except TooLarge:
        return None, "too large"
    except Exhausted:
        return None, "too many parts"
    except RecursionError:
        return None, "nested too deeply"


class _Decision:
    """One pair, read: compared as it stands, and then with the gold answer's bound variables called differently."""

    def __init__(self, gold_said: Declared, answer_said: Declared, compare: Comparison) -> None:
        self.gold_said = gold_said
        self.answer_said = answer_said
        self.gold = interpret(gold_said.text)
        self.answer = interpret(answer_said.text)
        if any(form.match(gold_said.text) and form.match(answer_said.text) for form in (DECIMAL_COMMA, TIME_OF_DAY)):
            # Each may be a number or several: `5,7` is not paid for the list `5,70`, nor `5:15` for the time `10:30`.
            self.gold, self.answer = _lists(self.gold), _lists(self.answer)
        self.compare = compare

    def decide(self) -> tuple[Ternary, str]:
        """The truth, and what decided or stood in the way."""
        if self._domains_contradict():
            return False, "names contradict"
        equal = self.compare.interpretations(self.gold, self.answer)
        if equal:
            return True, kind(self.gold)
        for compare in self._renamings():
            if compare.interpretations(self.gold, self.answer):
                return True, "bound variable"
        kinds, answer_kinds = _kinds(self.gold), _kinds(self.answer)
        if kinds != answer_kinds and not kinds & answer_kinds:  # nor could a grader find them equal that reads more
            return False, "kinds differ"
        if equal is None:
            return None, kind(self.gold)
        return False, self.compare.differences[-1]

    def _domains_contradict(self) -> bool:
        """Whether both say from which set their variables are, and say differently; none at all means all reals."""
        wanted, given = self.gold_said.domains, self.answer_said.domains
        if not given or (wanted == given):
            return False
        # Who writes an index need not say from where it is; but `1 < n < 5, n ∈ ℤ` is no interval.
        is_index = self.answer_said.names <= INTEGER_LETTERS and free_symbols(self.gold)
        narrowed = not is_index and given != {"ℝ"}
        return bool(wanted) or (self.compare.is_strict and narrowed)

    def _renamings(self) -> Iterator[Comparison]:
        """Comparisons that read the answer's symbols as the gold answer's bound ones, in any order."""
        named, called = free_symbols(self.gold), free_symbols(self.answer)
        wanted, given = named - called, called - named
        if not 0 < len(wanted) == len(given) <= MAX_RENAMED:
            return
        for names in permutations(sorted(wanted)):
            alias = dict(zip(sorted(given), names, strict=True))
            if all(self._may_be_called(name, other) for other, name in alias.items()):
                yield self.compare.renamed(alias)

    def _may_be_called(self, name: str, other: str) -> bool:
        """Whether the answer may call the gold answer's variable `name` something else, `other`."""
        if is_symbol(self.gold):
            return False
        if other == name.lower() and name in constants(self.gold_said.text):
            return True
        is_index = other in INTEGER_LETTERS or other in self.answer_said.names
        if name in self.gold_said.names:
            return is_index or not self.gold_said.domains & {"ℤ", "ℕ"}
        is_angle = name in angle_index(self.gold_said.text)
        return is_angle and is_index and not self.compare.is_strict


def _lists(interpretations: Interpretations) -> Interpretations:
    return tuple(each for each in interpretations if isinstance(each, Collection))


def kind(gold: Interpretations) -> str:
    """Return the name of the first kind that a gold answer was read as."""
    return type(gold[0]).__name__.lower() if gold else "nothing"


def _kinds(interpretations: Interpretations) -> frozenset[str]:
    """The kinds that a text may be, of a named value those of the value."""
    return frozenset[str]().union(*map(_kinds_of, interpretations))


def _kinds_of(value: Value) -> frozenset[str]:
    if isinstance(value, Named):
        return _kinds(value.value)
    is_matrix = isinstance(value, Collection) and value.bracket == "⟦"
    if is_matrix or (
        isinstance(value, Formula) and "⟦" in value.text and "=" not in value.text
    ):  # or matrices that are added
        return frozenset(["Matrix"])
    return frozenset([type(value).__name__])
