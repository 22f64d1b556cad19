"""What an answer says about its variables: "for some constant c", `k ∈ ℤ`, "where c is a constant", `n ≥ 1`."""

import re

_LEAD = r"(?:\s*(?:‹(?:for (?:some|any|all|every|each)|for|where|with|some|any|all|is|an|integers?|and)›|∧|[,;(]))"
_DECLARATION = re.compile(
    rf"(?:{_LEAD}+\s*(?P<names>[a-zA-Z](?:\s*,\s*[a-zA-Z])*)\s*∈\s*[ℤℕℝℚ]|\s(?P<name>[a-zA-Z])\s*∈\s*[ℤℕℝℚ]|"
    rf"{_LEAD}*\s*‹[^›]*integers?[^›]*›\s*(?P<last>[a-zA-Z]?))[\s.)]*(?:‹[^›]*integers?[^›]*›)?$"
)
_QUALIFIER = re.compile(
    r"[\s,;(]*(?:‹for›\s*(?:‹(?:some|any|all|every|each)›|any)?|‹for [^›]*›)\s*(?:‹[^›]*›\s*)*"
    r"(?P<name>[a-zA-Z])\s*(?:∈\s*[ℝℤℕ])?[\s.)]*$"
)
# Where an index starts (`n ≥ 1`); other bounds, and those of other letters, are part of the answer.
_INDEX_BOUND = re.compile(
    r"[\s,;(]*(?:‹for›\s*)?\b(?P<name>[i-n])\s*(?:[≥>]\s*[01]|∈\s*[ℕℤ]\s*[_^]?\s*\{?\s*(?:[+*]|[>≥]\s*[01])\s*\}?)[\s.)]*$"
)
_CONSTANT = re.compile(
    r"[\s,;(]*(?:‹(?:where|with|and|for)›\s*)?(?P<names>[a-zA-Z](?:\s*[,∧]\s*[a-zA-Z])*)\s*"
    r"(?:‹(?:is|is an?|an|are)›\s*)?(?:a\s)?(?:‹[^›]*›\s*)*"
    r"‹[^›]*\b(?:constants?|arbitrary|parameters?|reals?|real numbers?)›[\s.)]*$"
)
_CONSTANT_OF_INTEGRATION = re.compile(r"\+\s*([CcK])$")
_PERIOD_INDEX = re.compile(r"[klmnt]")
_CONDITION = re.compile("[<>≤≥≠∈‹]")


def without_declarations(gold: str, answer: str) -> tuple[frozenset[str], str, str]:
    """Return the variables that "for some constant c" or `k ∈ ℤ` binds in either text, and both texts without it."""
    gold, bound_in_gold = _take_declaration(gold)
    answer, bound_in_answer = _take_declaration(answer)
    return frozenset(bound_in_gold + bound_in_answer), gold, answer


def _take_declaration(text: str) -> tuple[str, list[str]]:
    """The text before its declaration, and the variables that this binds; all of the text when it has none."""
    found = _QUALIFIER.search(text) or _DECLARATION.search(text) or _CONSTANT.search(text) or _index_bound(text)
    if not found:
        return text, []
    kept = text[: found.start()].rstrip(" ,;(")
    names: list[str] = []
    for group in found.groupdict().values():
        names += re.findall("[a-zA-Z]", group or "")
    for name in names:
        if name not in kept:  # it says something of another variable, and is part of the answer
            return text, []
    if not kept:
        return text, []
    return kept, names


def _index_bound(text: str) -> re.Match[str] | None:
    """The bound of an index behind a formula; behind another bound it is one of several conditions."""
    found = _INDEX_BOUND.search(text)
    if found and _CONDITION.search(text[: found.start()]):
        return None
    return found


def periodic(gold: str, answer: str) -> frozenset[str]:
    r"""Return the variables that are bound without being declared.

    They are the index of a family of angles (`k\pi`), and the constant of integration, when both texts have one.
    """
    if "π" in gold and "π" in answer:
        return frozenset(_PERIOD_INDEX.findall(gold + answer))
    in_gold = _CONSTANT_OF_INTEGRATION.search(gold)
    in_answer = _CONSTANT_OF_INTEGRATION.search(answer)
    if in_gold and in_answer:
        return frozenset((in_gold[1], in_answer[1]))
    return frozenset()
