"""Writes the signs of Unicode that look or mean alike in one way: digits of other scripts, letters that look Latin."""

import re
import unicodedata

from still_verl.curation.signs import GREEK_LETTERS, INVISIBLE, LOOK_LATIN, LOWERED, RAISED, TYPED

_SPACE_IN_NUMBER = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")  # one that may not break: 12 000
# Of several signs: `x²⁰` has the number 20, and `log₂8` the numbers 2 and 8.
_RAISED = re.compile(f"[{''.join(RAISED)}]+")
_LOWERED = re.compile(f"[{''.join(LOWERED)}]+")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# A word without any letter that looks unlike Latin ones: in a Russian text few words are such, in an English one all.
_LETTERS = "".join(map(chr, LOOK_LATIN))
_LOOKS_LATIN = re.compile(rf"(?<![^\W\d_])[A-Za-z{_LETTERS}]+(?![^\W\d_])")


def in_usual_signs(text: str) -> str:
    """Return a text with the usual sign for each of several that stand for the same.

    Example:
        >>> in_usual_signs("thе ٣ ½ x²")
        'the 3  1/2  x^2 '
    """
    text = _SPACE_IN_NUMBER.sub("", text.translate(INVISIBLE))
    text = _LOWERED.sub(_lowered, _RAISED.sub(_raised, text))
    text = text.translate(TYPED).translate(GREEK_LETTERS)
    text = unicodedata.normalize("NFKC", text)
    text = _OTHER_DIGIT.sub(_digit, text)
    return _LOOKS_LATIN.sub(_latin, text)


def _raised(found: re.Match[str]) -> str:
    return f"^{''.join(map(RAISED.__getitem__, found[0]))} "


def _lowered(found: re.Match[str]) -> str:
    return f"_{''.join(map(LOWERED.__getitem__, found[0]))} "


def _digit(found: re.Match[str]) -> str:
    return str(unicodedata.decimal(found[0]))


def _latin(found: re.Match[str]) -> str:
    return found[0].translate(LOOK_LATIN)
