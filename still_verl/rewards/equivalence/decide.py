"""Equality by rules: in bounded time, without sympy and without a process of its own."""

from itertools import permutations

from still_verl.rewards.equivalence.answer_types import Interpretations
from still_verl.rewards.equivalence.compare.comparison import Comparison, Exhausted, Fallback, Ternary, undecided
from still_verl.rewards.equivalence.compare.symbols import free_symbols
from still_verl.rewards.equivalence.compare.table import RULES
from still_verl.rewards.equivalence.evaluate import TooLarge
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.read.choices import labelled, same_choice
from still_verl.rewards.equivalence.read.declarations import periodic, without_declarations
from still_verl.rewards.equivalence.read.interpret import interpret
from still_verl.rewards.equivalence.reading import Reading

MAX_RULES_LENGTH = 1000  # characters of an answer that the rules read
MAX_RENAMED = 3  # variables that may be called differently at once


def decide(gold: str, answer: str, reading: Reading = "strict", fallback: Fallback = undecided) -> tuple[Ternary, str]:
    r"""Decide whether `answer` equals `gold` by our rules, and name the rule or the obstacle.

    Args:
        gold: the right answer, in LaTeX or plain text.
        answer: the answer to judge, likewise.
        reading: how generously they are compared.
        fallback: decides two texts of which the parser does not understand one; it may not know either.

    Returns:
        The truth, None when the rules cannot tell; and the kind of the gold answer, `choice`, `bound variable`, or
        why nothing is known.

    Example:
        >>> decide(r"(-\infty, -5)", "k < -5"), decide("1, 2", "1, 3"), decide("3", "((9!)!)!")
        ((True, 'region'), (False, 'collection'), (None, 'too large'))
    """
    if len(gold) > MAX_RULES_LENGTH or len(answer) > MAX_RULES_LENGTH:
        return None, "too long for the rules"
    left, right = normalize(gold), normalize(answer)
    same = same_choice(left, right)
    if same is not None:
        return same, "choice"
    _, behind_letter = labelled(left)
    bound, left, right = without_declarations(behind_letter or left, right)
    if not bound:
        bound = periodic(left, right)
    try:
        return _decide(interpret(left), interpret(right), bound, fallback)
    except TooLarge:
        return None, "too large"
    except Exhausted:
        return None, "too many parts"
    except RecursionError:
        return None, "nested too deeply"


def _decide(
    gold: Interpretations, answer: Interpretations, bound: frozenset[str], fallback: Fallback
) -> tuple[Ternary, str]:
    """Compare as it stands, and then with other names, where one side's names are all bound."""
    equal = Comparison(RULES, fallback).interpretations(gold, answer)
    if equal:
        return True, _kind(gold)
    gold_symbols, answer_symbols = free_symbols(gold), free_symbols(answer)
    only_gold, only_answer = gold_symbols - answer_symbols, answer_symbols - gold_symbols
    are_bound = only_gold <= bound or only_answer <= bound
    if are_bound and 0 < len(only_gold) == len(only_answer) <= MAX_RENAMED:
        return _equal_by_other_names(gold, answer, only_gold, only_answer, fallback), "bound variable"
    return equal, _kind(gold)


def _kind(gold: Interpretations) -> str:
    if not gold:
        return "nothing"
    return type(gold[0]).__name__.lower()


def _equal_by_other_names(
    gold: Interpretations, answer: Interpretations, wanted: frozenset[str], given: frozenset[str], fallback: Fallback
) -> Ternary:
    """Whether the answer equals the gold answer when its symbols `given` are read as `wanted`, in any order."""
    result: Ternary = False
    for names in permutations(sorted(wanted)):
        compare = Comparison(RULES, fallback)
        for old, new in zip(sorted(given), names, strict=True):
            compare = compare.renamed(old, new)
        equal = compare.interpretations(gold, answer)
        if equal:
            return True
        if equal is None:
            result = None
    return result
