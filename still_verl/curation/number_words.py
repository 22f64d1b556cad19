"""Numbers of several words, as one number: `twenty-five`, `one hundred and two`, `2.5 million`.

Without it "sixty-one" would have the number 60, and a problem with 61 would be the one with 60.
"""

import re
from decimal import Decimal

_ONES = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_RANKS = "first second third fourth fifth sixth seventh eighth ninth".split()
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_VALUES = {
    **{word: value for value, word in enumerate(_ONES, 1)},
    **{word: value for value, word in enumerate(_RANKS, 1)},
    **{word: value for value, word in enumerate(_TEENS, 10)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
}

_DIGITS = r"(?<![\w.^/])(?:\d+(?:\.\d+)?|\.\d+)"  # "1/2 million" is no two millions
_BESIDE = r"(?:-|\s+)"  # "twenty - five" is a difference
_SCALE = rf"(?:{'|'.join(_SCALES)})\b"
_ONE_OR_RANK = rf"(?:{'|'.join(_ONES + _RANKS)})\b"
_NO_NOUN = r"(?!-[a-z])"  # "twenty five-cent coins" has two numbers
_SMALL = (
    rf"(?:(?:{'|'.join(_TENS)})(?:-{_ONE_OR_RANK}|\s+{_ONE_OR_RANK}{_NO_NOUN})?|{'|'.join(_TEENS + _ONES)})"
    rf"\b(?!{_BESIDE}hundred)"
)


def _number(joined: str) -> str:
    """The pattern of a number whose parts are joined by `joined`: what follows it has no scale of its own."""
    rest = rf"(?:-{_SMALL}|{joined}{_SMALL}{_NO_NOUN})"
    hundreds = rf"(?:(?:{_DIGITS}|\b(?:{'|'.join(_ONES + _TEENS)})){_BESIDE})?\bhundred\b{rest}?"
    scaled = rf"(?:(?:{hundreds}|\b{_SMALL}|{_DIGITS}){_BESIDE})?\b{_SCALE}"
    last = rf"(?!{joined}(?:{hundreds}|{_SMALL}){_BESIDE}{_SCALE})(?:{joined}{hundreds}|{rest})"
    tens = rf"\b(?:{'|'.join(_TENS)})(?:-{_ONE_OR_RANK}|\s+{_ONE_OR_RANK}{_NO_NOUN})"
    return rf"(?:{scaled}(?:{_BESIDE}{scaled})*(?:{last})?|{hundreds}|{tens})\b"


# "between one hundred and two thousand" has two numbers, "one hundred and two thousand" has one.
_NUMBER = re.compile(
    rf"(\bbetween\s+)({_number(_BESIDE)})|{_number(rf'{_BESIDE}(?:and{_BESIDE})?')}",
    re.IGNORECASE,
)
_WORD = re.compile(r"\d+(?:\.\d+)?|\.\d+|[a-z]+")
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
    for word in _WORD.findall((found[2] or found[0]).lower()):
        if word == "and":
            continue
        if word in _SCALES:
            total += (part or Decimal(1)) * _SCALES[word]
            part = Decimal(0)
        elif word == "hundred":
            part = (part or Decimal(1)) * 100
        else:
            part += _VALUES.get(word) or Decimal(word)
    return f"{found[1] or ''}{(total + part).normalize():f}"
