"""Numbers of several words, as one number: `twenty-five`, `one hundred and two`, `2.5 million`.

Without it "sixty-one" would have the number 60, and a problem with 61 would be the one with 60.
"""

import re
from decimal import Decimal

from still_verl.curation.signs import NUMBER_WORDS

_ONES = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_RANKS = "first second third fourth fifth sixth seventh eighth ninth".split()
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_VALUES = {
    **{word: int(number) for word, number in NUMBER_WORDS.items() if number.isdigit()},
    **{word: value for value, word in enumerate(_ONES, 1)},
    **{word: value for value, word in enumerate(_RANKS, 1)},
    "billion": 10**9,
}

_DIGITS = r"\d+(?:\.\d+)?"
_BESIDE = r"[\s-]+"
_AND = rf"{_BESIDE}(?:and{_BESIDE})?"
_SMALL = (
    rf"(?:(?:{'|'.join(_TENS)})(?:{_BESIDE}(?:{'|'.join(_ONES + _RANKS)}))?|{'|'.join(_TEENS + _ONES)})"
    rf"\b(?!{_BESIDE}hundred)"  # "between one hundred and two hundred" has two numbers
)
_HUNDREDS = rf"(?:(?:{_DIGITS}|{'|'.join(_ONES + _TEENS)}){_BESIDE})?hundred\b(?:{_AND}{_SMALL})?"
_SCALED = rf"(?:(?:{_HUNDREDS}|{_SMALL}|{_DIGITS}){_BESIDE})?(?:{'|'.join(_SCALES)})\b"
_NUMBER = re.compile(
    rf"\b(?:{_SCALED}(?:{_BESIDE}{_SCALED})*(?:{_AND}(?:{_HUNDREDS}|{_SMALL}))?"
    rf"|{_HUNDREDS}|(?:{'|'.join(_TENS)}){_BESIDE}(?:{'|'.join(_ONES + _RANKS)}))\b",
    re.IGNORECASE,
)
_WORD = re.compile(rf"{_DIGITS}|[a-z]+")
_PARTS = (*_TENS, "hundred", "thousand", "llion")  # one of which is in each such number


def with_digits(text: str) -> str:
    """Return a text with digits for its numbers of several words.

    Example:
        >>> with_digits("Add twenty-five, two hundred and six and 1.5 million to one of the five hundreds")
        'Add 25, 206 and 1500000 to one of the five hundreds'
    """
    small = text.lower()
    for part in _PARTS:
        if part in small:
            return _NUMBER.sub(_digits, text)
    return text


def _digits(found: re.Match[str]) -> str:
    total = part = Decimal(0)
    for word in _WORD.findall(found[0].lower()):
        if word == "and":
            continue
        if word in _SCALES:
            total += (part or Decimal(1)) * _SCALES[word]
            part = Decimal(0)
        elif word == "hundred":
            part = (part or Decimal(1)) * 100
        else:
            part += Decimal(word) if word[0].isdigit() else _VALUES[word]
    return f"{(total + part).normalize():f}"
