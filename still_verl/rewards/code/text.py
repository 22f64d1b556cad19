"""Whether what a program printed is right. Each comparison is a function `(expected, found, tolerance) -> bool`.

The data may ask for one of them for the value of a function, too: what is no text is compared by `objects`.
"""

import math
import re
from collections import Counter
from typing import Any

from still_verl.rewards.code import objects

_DECIMAL = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_PLACES = 6  # from which on a right output is taken to be rounded
_MAX_NUMBER = 400  # characters
_SPACED = re.compile(r"[ \t]|.*\S(?:[ ]{2,}|\t)\S")  # a line whose spacing says something


def lines(expected: Any, found: Any, tolerance: float) -> bool:
    r"""Compare line by line: white space at an end of a line, and empty lines at the end, make no difference.

    Where an expected line begins with blanks, or has several in a row, so must the one that is found. A number that is
    expected with decimal places is equal within the tolerance; all else is the same text.

    Example:
        >>> lines("1 2\n0.3\n", "1 2 \r\n0.30000000000000004", 1e-9), lines("1 2", "2 1", 1e-9)
        (True, False)
    """
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.values(expected, found, tolerance)
    wanted, given = _lines(expected), _lines(found)
    if len(wanted) != len(given):
        return False
    for one, other in zip(wanted, given, strict=True):
        if one != other and (_SPACED.match(one) or not _same_tokens(one.split(), other.split(), tolerance)):
            return False
    return True


def _lines(text: str) -> list[str]:
    found = [line.rstrip() for line in text.split("\n")]
    while found and not found[-1]:
        found.pop()
    return found


def tokens(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare word by word, wherever lines end; numbers as `lines` does."""
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.values(expected, found, tolerance)
    return _same_tokens(expected.split(), found.split(), tolerance)


def _same_tokens(wanted: list[str], given: list[str], tolerance: float) -> bool:
    if len(wanted) != len(given):
        return False
    for one, other in zip(wanted, given, strict=True):
        if one != other and not (_DECIMAL.fullmatch(one) and _same_decimal(one, other, tolerance)):
            return False
    return True


def _same_decimal(expected: str, found: str, tolerance: float) -> bool:
    """Compare with a number that has decimal places: all six or more of them, or within the tolerance."""
    if not _is_number(expected) or not _is_number(found):
        return False
    _, _, places = expected.partition(".")
    if len(places) >= _PLACES and places.isdigit():
        half = 0.5 * 10.0 ** -len(places)
        if abs(float(expected) - float(found)) <= half * (1 + 1e-6):
            return True
    return objects.near(float(expected), float(found), tolerance)


def floats(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare word by word; every number within the tolerance, also one that is expected without decimal places."""
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.values(expected, found, tolerance)
    wanted, given = expected.split(), found.split()
    if len(wanted) != len(given):
        return False
    for one, other in zip(wanted, given, strict=True):
        if one == other:
            continue
        if not _is_number(one) or not _is_number(other):
            return False
        if not math.isclose(float(one), float(other), rel_tol=tolerance, abs_tol=tolerance):
            return False
    return True


def _is_number(word: str) -> bool:
    return len(word) <= _MAX_NUMBER and _NUMBER.fullmatch(word) is not None


def any_order(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare the lines, each as often as it is there, in any order. The tolerance is not used."""
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.any_order(expected, found, tolerance)
    return Counter(_words(expected)) == Counter(_words(found))


def sets(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare the words of all lines, whatever their order. None may be missing, added or repeated."""
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.any_order(expected, found, tolerance)
    return Counter(expected.split()) == Counter(found.split())


def _words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in _lines(text)]


def exact(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare the text as it is, but for the end of its last line."""
    if not (isinstance(expected, str) and isinstance(found, str)):
        return objects.exact(expected, found, tolerance)
    return expected.removesuffix("\n") == found.removesuffix("\n")
