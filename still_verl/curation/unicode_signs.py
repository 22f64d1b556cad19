"""Writes the signs of Unicode that look or mean alike in one way: digits of other scripts, letters that look Latin."""

import re
import unicodedata

from still_verl.curation.signs import GREEK_LETTERS, INVISIBLE, LOOK_LATIN, TYPED

_SPACE_IN_NUMBER = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f](?=\d{3}(?!\d))")  # one that may not break: 12 000
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# A word without any letter that looks unlike Latin ones: in a Russian text few words are such, in an English one all.
_LETTERS = "".join(map(chr, LOOK_LATIN))
_LOOKS_LATIN = re.compile(rf"(?<![^\W\d_])[A-Za-z{_LETTERS}]+(?![^\W\d_])")


def in_usual_signs(text: str) -> str:
    """Return a text with the usual sign for each of several that stand for the same.

    Example:
        >>> in_usual_signs("thе ٣ ½ x²")
        'the 3  1/2  x^2'
    """
    text = _SPACE_IN_NUMBER.sub("", text.translate(INVISIBLE))
    text = text.translate(TYPED).translate(GREEK_LETTERS)
    text = unicodedata.normalize("NFKC", text)
    text = _OTHER_DIGIT.sub(_digit, text)
    return _LOOKS_LATIN.sub(_latin, text)


def _digit(found: re.Match[str]) -> str:
    return str(unicodedata.decimal(found[0]))


def _latin(found: re.Match[str]) -> str:
    return found[0].translate(LOOK_LATIN)
