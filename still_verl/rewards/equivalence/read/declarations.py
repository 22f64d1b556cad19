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
# Where an index starts; other bounds of other letters are part of the answer.
_START = re.compile(
    r"[\s,;(]*(?:‹for›\s*)?\b(?P<name>[i-n])\s*(?:[≥>]\s*[01]|∈\s*[ℕℤ]\s*[_^]?\s*\{?\s*(?:[+*]|[>≥]\s*[01])\s*\}?)[\s.)]*$"
)
_CONSTANT = re.compile(
    r"[\s,;(]*(?:‹(?:where|with|and|for)›\s*)?(?P<names>[a-zA-Z](?:\s*[,∧]\s*[a-zA-Z])*)\s*"
    r"(?:‹(?:is|is an?|an|are)›\s*)?(?:a\s)?(?:‹[^›]*›\s*)*"
    r"‹[^›]*\b(?:constants?|arbitrary|parameters?|reals?|real numbers?)›[\s.)]*$"
)
_CONSTANT_OF_INTEGRATION = re.compile(r"\+\s*([CcK])$")
_PERIODIC = re.compile(r"[klmnt]")


def declared(gold: str, answer: str) -> tuple[frozenset[str], str, str]:
    """The variables that "for some constant c" or `k ∈ ℤ` binds, and both texts without it."""
    names: set[str] = set()
    texts = []
    for text in (gold, answer):
        found = _QUALIFIER.search(text) or _DECLARATION.search(text) or _CONSTANT.search(text) or _start(text)
        kept = text[: found.start()].rstrip(" ,;(") if found else ""
        new = re.findall("[a-zA-Z]", " ".join(filter(None, found.groupdict().values()))) if found else []
        if kept and all(name in kept for name in new):
            names.update(new)
            text = kept
        texts.append(text)
    return frozenset(names), texts[0], texts[1]


def _start(text: str) -> re.Match[str] | None:
    """The bound of an index behind a formula; behind another bound it is one of several conditions."""
    found = _START.search(text)
    return found if found and not re.search("[<>≤≥≠∈‹]", text[: found.start()]) else None


def periodic(gold: str, answer: str) -> frozenset[str]:
    r"""The index of a family of angles (`k\pi`) and the constant of integration are bound without being declared."""
    if "π" in gold and "π" in answer:
        return frozenset(_PERIODIC.findall(gold + answer))
    constants = _CONSTANT_OF_INTEGRATION.search(gold), _CONSTANT_OF_INTEGRATION.search(answer)
    return frozenset(found[1] for found in constants if found) if all(constants) else frozenset()
