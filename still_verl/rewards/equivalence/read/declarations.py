r"""What a text says about its variables: "for some constant c", `k ∈ ℤ`, `n ≥ 1`, or nothing (`+C`, `k\pi`)."""

import re
from dataclasses import dataclass, field

from still_verl.rewards.equivalence.read.words import says_little

MAX_DECLARATION = 120  # characters at the end of a text; the pattern takes time with their square

_LETTERS = r"[a-zA-Z](?:\s*[,∧]\s*[a-zA-Z])*"
_DECLARATION = re.compile(
    r"(?:[,;(]|\s(?=[a-zA-Z]\s*∈)|(?=‹))(?P<before>(?:‹[^›]*›|[\s∧,])*)"
    rf"(?P<names>{_LETTERS})?\s*(?:∈\s*(?P<set>[ℤℕℝℚ](?:\s*[_^]?\s*\{{?\s*[+*]\s*\}}?)?)|[≥>]\s*(?P<first>[01]))?"
    r"\s*(?P<after>(?:(?:‹[^›]*›|a\b)\s*)*)[\s.)]*$"
)
_BINDS = re.compile(r"\b(?:constants?|arbitrary|parameters?|some|any|all|every|each)\b|integer|\breals?\b|rational")
_SETS = {"integer": "ℤ", "natural": "ℕ", "real": "ℝ", "rational": "ℚ"}
_LIMITS = re.compile(r"\b(?:positive|negative|non-?negative|non-?zero|even|odd|prime)\b")
_RUNNING = frozenset("ijklmn")  # letters whose first value may be named behind a formula, `n ≥ 1`
_CONDITION = re.compile("[<>≤≥≠∈]")
_CONSTANT = re.compile(r"(?<![A-Za-z\\])C(?:_\{?\d\}?)?(?![A-Za-z_])|(?<![A-Za-z\\])C(?:_\{?\d\}?)?(?=\s*[a-z])")
_ANGLE_INDEX = re.compile(r"(?<![a-zA-Z\\])([klmn])(?![a-zA-Z])")


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
        Declared(text='2k π', names=frozenset({'k'}), domains=frozenset({'ℤ'}))
    """
    found = _DECLARATION.search(text, max(len(text) - MAX_DECLARATION, 0))
    if not found:
        return Declared(text)
    kept = text[: found.start()].rstrip(" ,;(")
    words = (found["before"] + found["after"]).lower()
    names = frozenset(re.findall("[a-zA-Z]", found["names"] or ""))
    # A first value alone binds an index; behind another condition it is one of several.
    binds = found["set"] or _BINDS.search(words)
    if found["first"]:
        binds = names <= _RUNNING and not _CONDITION.search(kept)
    if not kept or not binds or any(name not in kept for name in names) or not says_little(words):
        return Declared(text)
    return Declared(kept, names, _domains(found["set"] or "", words))


def _domains(sign: str, words: str) -> frozenset[str]:
    """The sets that a declaration names, with what limits them: `ℤ`, `ℝ+`, `ℤ odd`; the positive integers are `ℕ`."""
    sets = {sign for word, sign in _SETS.items() if word in words}
    limits = " ".join(_LIMITS.findall(words)).replace("positive", "+")
    if sign:
        sets.add(sign[0])
        limits += "+" * ("+" in sign)
    if limits and not sets:
        sets.add("ℝ")
    found = set()
    for name in sets:
        domain = f"{name} {limits}".strip()
        found.add({"ℤ +": "ℕ", "ℕ +": "ℕ"}.get(domain, domain))
    return frozenset(found)


def constants(gold: str) -> frozenset[str]:
    """Return the constants of integration of a gold answer, `C` or `C_1`: an answer may write them in lower case."""
    names = set()
    for found in _CONSTANT.finditer(gold):
        names.add(re.sub("[{}]", "", found[0]))
    return frozenset(names)


def angle_index(gold: str) -> frozenset[str]:
    r"""Return the index of a family of angles, the k of `k\pi`: a person knows that it is any integer."""
    if "π" not in gold:
        return frozenset()
    return frozenset(_ANGLE_INDEX.findall(gold))
