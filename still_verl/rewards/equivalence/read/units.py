"""Numbers with something attached: units, degrees, percent, currency, a number base, thousands."""

import re

from still_verl.rewards.equivalence.answer_types import Formula
from still_verl.rewards.equivalence.node import Unreadable
from still_verl.rewards.equivalence.parse import parse

_POWER = re.compile(r"›\s*\^\s*\{?\s*-?\d\s*\}?$")
_LETTER_UNIT = re.compile(r"[\d}]\s*$")
_BASE = re.compile(r"(-?[0-9A-F]+)\s*_\s*\{?\s*(\d+)\s*\}?")
_HEDGE = re.compile(r"^(?:‹(?:approximately|about|exactly|approx|around|Rs|USD|yuan)›\s*\.?|~|≈)\s*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?![\d,])|(?: \d{3})+(?![\d/]))")
_ANGLE_FUNCTION = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)")

# One name for each measure that can contradict another; any other word ("apples") never does.
_MEASURES = {
    alias: name
    for name, aliases in {
        "mm": "mm", "cm": "cm centimeter centimeters", "dm": "dm", "km": "km kilometer kilometers",
        "m": "m meter meters metre metres", "ft": "ft foot feet", "in": "in inch inches", "yd": "yd yard yards",
        "mi": "mi mile miles", "mg": "mg", "kg": "kg kilogram kilograms", "g": "g gram grams",
        "s": "s sec second seconds", "min": "min minute minutes", "h": "h hr hour hours", "day": "day days",
        "week": "week weeks", "month": "month months", "year": "year years", "ml": "ml", "l": "l liter liters",
        "dollar": "dollar dollars usd", "cent": "cent cents", "°": "degree degrees deg", "rad": "rad radian radians",
        "m/s": "m/s", "km/h": "km/h km/hr", "%": "percent percentage",
        "lb": "lb lbs pound pounds", "oz": "oz ounce ounces",
    }.items()
    for alias in aliases.split()
}  # fmt: skip


def without_thousands(text: str) -> str:
    """`text` with `1,234` and `1 234` as `1234`, when it has no brackets that would make the comma separate."""
    if any(bracket in text for bracket in "([⦃"):
        return text
    return _THOUSANDS.sub(lambda match: re.sub("[, ]", "", match[0]), text)


def read_formula(text: str) -> Formula:
    """A formula and the unit that was attached to it; `node` is None when the formula is not understood."""
    core, unit = take_unit(_HEDGE.sub("", text))
    try:
        return Formula(core, parse(core), unit)
    except Unreadable:
        return Formula(core, None, unit)


def take_unit(text: str) -> tuple[str, str]:
    """The text without its unit, and the unit by one of its names."""
    if based := _BASE.fullmatch(text):
        return (based[1], f"base {based[2]}") if based[1].lstrip("-").isdigit() else (text, "")
    if text.endswith("%"):
        return text[:-1].strip(), "%"
    if text.endswith("°") and not _ANGLE_FUNCTION.search(text):
        return text[:-1].strip(), "°"
    core = _without_words(text)
    words = text[len(core) :].strip(" */")
    return (core.removesuffix("°"), _measure(words)) if words and core and _is_unit(words, core) else (text, "")


def _without_words(text: str) -> str:
    """`text` without the `‹words›` at its end, with their powers and the signs between them."""
    while text:
        if power := _POWER.search(text):
            text = text[: power.start() + 1]
        if not text.endswith("›"):
            return text
        text = text[: max(text.rfind("‹"), 0)].rstrip(" */")
    return text


def _is_unit(words: str, core: str) -> bool:
    """A single letter is a unit only behind a number: `3 ‹m›`."""
    letter = len(words.strip("‹› ")) == 1
    return not letter or (_LETTER_UNIT.search(core) is not None and words.strip("‹› ") in _MEASURES)


def _measure(words: str) -> str:
    names = re.findall(r"[a-z]+(?:/[a-z]+)?", words.lower())
    return next((_MEASURES[name] for name in names if name in _MEASURES), "")


def contradict(left: str, right: str) -> bool:
    """Whether two units cannot name the same measure; a missing unit contradicts none."""
    return bool(left and right and left != right)
