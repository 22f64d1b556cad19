"""Numbers with something attached: units, degrees, percent, currency, a number base, thousands."""

import re

from still_verl.rewards.equivalence.answer_types import Formula
from still_verl.rewards.equivalence.node import Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.unit_names import MEASURES

_POWER = re.compile(r"›\s*\^\s*\{?\s*-?\d\s*\}?$")
_LETTER_UNIT = re.compile(r"[\d}]\s*$")
_BASE = re.compile(r"(-?[0-9A-F]+)\s*_\s*\{?\s*(\d+)\s*\}?")
_HEDGE = re.compile(r"^(?:‹(?:approximately|about|exactly|approx|around|Rs|USD|yuan)›\s*\.?|~|≈)\s*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?![\d,])|(?: \d{3})+(?![\d/]))")
_ANGLE_FUNCTION = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")
_GROUP_MARK = re.compile("[, ]")
_MEASURE_WORD = re.compile(r"[a-z]+(?:/[a-z]+)?")


def without_thousands(text: str) -> str:
    """Return `text` with `1,234` and `1 234` as `1234`, when it has no brackets that would make the comma separate."""
    for bracket in "([⦃":
        if bracket in text:
            return text
    return _THOUSANDS.sub(_without_group_marks, text)


def _without_group_marks(found: re.Match[str]) -> str:
    return _GROUP_MARK.sub("", found[0])


def read_formula(text: str) -> Formula:
    """Read a formula and the unit that is attached to it; `node` is None when the formula is not understood."""
    core, unit = take_unit(_HEDGE.sub("", text))
    try:
        return Formula(core, parse(core), unit)
    except Unreadable:
        return Formula(core, None, unit)


def take_unit(text: str) -> tuple[str, str]:
    """Return the text without its unit, and the name of the unit; an empty one for words that measure nothing."""
    with_base = _BASE.fullmatch(text)
    if with_base:
        digits, base = with_base.groups()
        if digits.lstrip("-").isdigit():
            return digits, f"base {base}"
        return text, ""  # digits above 9 are no formula; only math-verify may know
    if text.endswith("%"):
        return text[:-1].strip(), "%"
    if text.endswith("°") and not _ANGLE_FUNCTION.search(text):
        return text[:-1].strip(), "°"
    # Any words behind a formula are taken off ("7 apples"); only those of the list can contradict a unit.
    core = _without_words(text)
    words = text[len(core) :].strip(" */")
    if words and core and _is_unit(words, core):
        return core.removesuffix("°"), _measure(words)
    return text, ""


def _without_words(text: str) -> str:
    """`text` without the `‹words›` at its end, with their powers and the signs between them."""
    while text:
        power = _POWER.search(text)
        if power:
            text = text[: power.start() + 1]
        if not text.endswith("›"):
            return text
        text = text[: max(text.rfind("‹"), 0)].rstrip(" */")
    return text


def _is_unit(words: str, core: str) -> bool:
    """A single letter is a unit only behind a number: `3 ‹m›`."""
    word = words.strip("‹› ")
    if len(word) != 1:
        return True
    return word in MEASURES and _LETTER_UNIT.search(core) is not None


def _measure(words: str) -> str:
    for word in _MEASURE_WORD.findall(words.lower()):
        if word in MEASURES:
            return MEASURES[word]
    return ""


def contradict(left: str, right: str) -> bool:
    """Say whether two units cannot name the same measure; a missing unit contradicts none."""
    return bool(left and right and left != right)
