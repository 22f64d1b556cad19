"""What an answer says about its variables: "for some constant c", `k ∈ ℤ`, "where c is a constant", `n ≥ 1`."""

import re
from dataclasses import dataclass, field

_LEAD = r"(?:\s*(?:‹(?:for (?:some|any|all|every|each)|for|where|with|some|any|all|is|an|integers?|and)›|∧|[,;(]))"
_SOURCES = (
    rf"{_LEAD}+\s*(?P<names>[a-zA-Z](?:\s*,\s*[a-zA-Z])*)\s*∈\s*(?P<set>[ℤℕℝℚ])",
    r"\s(?P<names>[a-zA-Z])\s*∈\s*(?P<set>[ℤℕℝℚ])",
    rf"{_LEAD}*\s*‹[^›]*(?P<set>integers?)[^›]*›\s*(?P<names>[a-zA-Z]?)",
    r"[\s,;(]*(?:‹for›\s*)?\b(?P<names>[i-n])\s*(?:[≥>]\s*[01]|∈\s*(?P<set>[ℕℤ])\s*[_^]?\s*\{?\s*(?:[+*]|[>≥]\s*[01])\s*\}?)",
    r"[\s,;(]*(?:‹for›\s*(?:‹(?:some|any|all|every|each)›|any)?|‹for [^›]*›)\s*(?:‹[^›]*›\s*)*"
    r"(?P<names>[a-zA-Z])\s*(?:∈\s*(?P<set>[ℝℤℕℚ]))?",
    r"[\s,;(]*(?:‹(?:where|with|and|for)›\s*)?(?P<names>[a-zA-Z](?:\s*[,∧]\s*[a-zA-Z])*)\s*"
    r"(?:‹(?:is|is an?|an|are)›\s*)?(?:a\s)?(?:‹[^›]*›\s*)*"
    r"‹[^›]*\b(?:constants?|arbitrary|parameters?|(?P<set>reals?|real numbers?))›",
)
_PATTERNS = tuple(re.compile(source + r"[\s.)]*(?:‹[^›]*integers?[^›]*›)?$") for source in _SOURCES)
_INDEX_BOUND = _PATTERNS[3]
_CONSTANT = re.compile(
    r"\+\s*(C)$|(?<![A-Za-z\\])(C(?:_\{?\d\}?)?)(?=\s*(?:e\s*\^|[a-z]|\\(?:sin|cos|ln|exp|sqrt|frac)))"
)
_ANGLE_INDEX = re.compile(r"(?<![a-zA-Z\\])([klmn])(?![a-zA-Z])")
_CONDITION = re.compile("[<>≤≥≠∈‹]")


@dataclass(frozen=True)
class Declared:
    """A text without its declaration, and what that said: the names that it binds, and the sets they are from."""

    text: str
    names: frozenset[str] = field(default=frozenset())
    domains: frozenset[str] = field(default=frozenset())


def declared(text: str) -> Declared:
    r"""Take the declaration off the end of a normalized text; all of the text when it has none.

    Example:
        >>> declared("2k π, k ∈ ℤ")
        Declared(text='2k π', names=frozenset({'k'}), domains=frozenset({'integers'}))
    """
    for pattern in _PATTERNS:
        found = pattern.search(text)
        if found is None or (pattern is _INDEX_BOUND and _CONDITION.search(text[: found.start()])):
            continue  # behind another bound it is one of several conditions
        kept = text[: found.start()].rstrip(" ,;(")
        names = re.findall("[a-zA-Z]", found["names"] or "")
        if not kept or any(name not in kept for name in names):
            continue  # it says something of another variable, and is part of the answer
        return Declared(kept, frozenset(names), _domains(found["set"] or ""))
    return Declared(text)


def _domains(said: str) -> frozenset[str]:
    if not said:
        return frozenset()
    if said[0] in "ℝr":
        return frozenset(["reals"])
    if said[0] == "ℚ":
        return frozenset(["rationals"])
    return frozenset(["integers"])


def constants(gold: str) -> frozenset[str]:
    r"""Return the constants of integration of a gold answer, `C` or `C_1`: an answer may write them in lower case."""
    names = set()
    for found in _CONSTANT.finditer(gold):
        names.add(re.sub("[{}]", "", found[1] or found[2]))
    return frozenset(names)


def angle_index(gold: str) -> frozenset[str]:
    r"""Return the index of a family of angles, the k of `k\pi`: a person knows that it is any integer."""
    if "π" not in gold:
        return frozenset()
    return frozenset(_ANGLE_INDEX.findall(gold))
