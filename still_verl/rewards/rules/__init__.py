"""Our own rules of equality, in bounded time and without sympy.

`spelling` gives one character to each idea, `expression` parses, `number` evaluates, `values` names the kinds of
answer, `reading` and its neighbours turn text into a kind, `comparison` and the modules `same_*` hold a rule for each
two kinds that can be the same.
"""

import re

from still_verl.rewards.rules import same_collection, same_number, same_region  # noqa: F401 (each enters its rules)
from still_verl.rewards.rules.comparison import Comparison, Exhausted, Leaf, Truth, unknown
from still_verl.rewards.rules.number import TooLarge
from still_verl.rewards.rules.reading import read
from still_verl.rewards.rules.same_relation import free_symbols
from still_verl.rewards.rules.spelling import canonical
from still_verl.rewards.rules.values import Readings
from still_verl.rewards.rules.words import chosen, letter

MAX_LENGTH = 1000  # characters of an answer that the rules read

_DECLARATION = re.compile(
    r"[\s,;(]*(?:‹(?:for (?:some|any|all|every|each)|for|where|with|some|any|all|is|an|integers?|and)›\s*|∧\s*)*"
    r"(?:(?:(?P<name>[a-zA-Z](?:\s*,\s*[a-zA-Z])*)\s*∈\s*[ℤℕ])|"
    r"‹[^›]*integers?[^›]*›\s*(?P<last>[a-zA-Z]?))[\s.)]*(?:‹[^›]*integers?[^›]*›)?$"
)
_QUALIFIER = re.compile(
    r"[\s,;(]*(?:‹for›\s*(?:‹(?:some|any|all|every|each)›|any)?|‹for [^›]*›)\s*(?:‹[^›]*›\s*)*"
    r"(?P<name>[a-zA-Z])\s*(?:∈\s*[ℝℤℕ])?[\s.)]*$"
)
_CONSTANT_OF_INTEGRATION = re.compile(r"\+\s*([CcK])$")
_PERIODIC = re.compile(r"[klmnt]")


def decide(gold: str, answer: str, leaf: Leaf = unknown) -> tuple[Truth, str]:
    """Whether `answer` equals `gold` by our rules, and the reason; None when they cannot tell.

    `leaf` decides the parts that the parser does not understand.
    """
    if len(gold) > MAX_LENGTH or len(answer) > MAX_LENGTH:
        return None, "too long for the rules"
    left, right = canonical(gold), canonical(answer)
    if choice := letter(left):
        if picked := chosen(right):
            return picked == choice, "choice"
    bound, left, right = declared(left, right)
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
    if not equal and len(old) == len(new) == 1 and (old | new) & bound:
        return Comparison(leaf).renamed(*old, *new).readings(gold, answer), "bound variable"
    return equal, kind


def declared(gold: str, answer: str) -> tuple[frozenset[str], str, str]:
    """The variables that "for some constant c" or `k ∈ ℤ` binds, and both texts without it."""
    names: set[str] = set()
    texts = []
    for text in (gold, answer):
        found = _QUALIFIER.search(text) or _DECLARATION.search(text)
        if found and found.start() > 0:
            names.update(re.findall("[a-zA-Z]", " ".join(filter(None, found.groupdict().values()))))
            text = text[: found.start()].rstrip(" ,;(")
        texts.append(text)
    return frozenset(names), texts[0], texts[1]


def periodic(gold: str, answer: str) -> frozenset[str]:
    r"""The index of a family of angles (`k\pi`) and the constant of integration are bound without being declared."""
    if "π" in gold and "π" in answer:
        return frozenset(_PERIODIC.findall(gold + answer))
    constants = _CONSTANT_OF_INTEGRATION.search(gold), _CONSTANT_OF_INTEGRATION.search(answer)
    return frozenset(found[1] for found in constants if found) if all(constants) else frozenset()
