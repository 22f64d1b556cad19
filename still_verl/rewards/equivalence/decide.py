"""Our own rules of equality, in bounded time and without sympy.

`spelling` gives one character to each idea, `expression` parses, `number` evaluates, `values` names the kinds of
answer, `reading` and its neighbours turn text into a kind, `comparison` and the modules `same_*` hold a rule for each
two kinds that can be the same.
"""

from collections.abc import Iterable
from itertools import permutations

from still_verl.rewards.equivalence.answer_types import Readings
from still_verl.rewards.equivalence.compare import (  # noqa: F401 (each enters its rules)
    collections,
    congruences,
    formulas,
    regions,
)
from still_verl.rewards.equivalence.compare.comparison import Comparison, Exhausted, Leaf, Truth, any_of, unknown
from still_verl.rewards.equivalence.compare.relations import free_symbols
from still_verl.rewards.equivalence.evaluate import TooLarge
from still_verl.rewards.equivalence.normalize import canonical
from still_verl.rewards.equivalence.read.declarations import declared, periodic
from still_verl.rewards.equivalence.read.reading import read
from still_verl.rewards.equivalence.read.words import labelled, same_choice

MAX_LENGTH = 1000  # characters of an answer that the rules read
MAX_RENAMED = 3  # variables that may be called differently at once


def decide(gold: str, answer: str, leaf: Leaf = unknown) -> tuple[Truth, str]:
    """Whether `answer` equals `gold` by our rules, and the reason; None when they cannot tell.

    `leaf` decides the parts that the parser does not understand.
    """
    if len(gold) > MAX_LENGTH or len(answer) > MAX_LENGTH:
        return None, "too long for the rules"
    left, right = canonical(gold), canonical(answer)
    if (same := same_choice(left, right)) is not None:
        return same, "choice"
    bound, left, right = declared(labelled(left)[1] or left, right)
    try:
        return _decide(read(left), read(right), bound or periodic(left, right), leaf)
    except TooLarge:
        return None, "too large"
    except Exhausted:
        return None, "too many parts"
    except RecursionError:
        return None, "nested too deeply"


def _decide(gold: Readings, answer: Readings, bound: frozenset[str], leaf: Leaf) -> tuple[Truth, str]:
    kind = type(gold[0]).__name__.lower() if gold else "nothing"
    equal = Comparison(leaf).readings(gold, answer)
    left, right = free_symbols(gold), free_symbols(answer)
    old, new = right - left, left - right
    if not equal and 0 < len(old) == len(new) <= MAX_RENAMED and (old <= bound or new <= bound):
        return any_of(
            _renamed(leaf, old, order).readings(gold, answer) for order in permutations(new)
        ), "bound variable"
    return equal, kind


def _renamed(leaf: Leaf, old: Iterable[str], new: Iterable[str]) -> Comparison:
    compare = Comparison(leaf)
    for before, after in zip(sorted(old), new, strict=True):
        compare = compare.renamed(before, after)
    return compare
