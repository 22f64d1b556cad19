r"""Reads the right answer of a row of data, in whatever form the data have it.

A policy is paid by what stands here, so nothing is guessed: what cannot be read is unreadable, and such a row pays
nobody. Forms that are read: text, numbers, bytes, arrays of numpy; a sequence of alternatives; a mapping with the key
`answer`, `target` or `ground_truth`; and each of these written as text (`['3', 'three']`, `{'answer': '72'}`, `b'72'`).
A text may be a whole solution: then the answer is in its last box, its last `<answer>` tag, or behind its last `####`.
"""

import json
import math
import re
import warnings
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from still_verl.rewards.boxes import waits_for_answer
from still_verl.rewards.extract import extract
from still_verl.rewards.python_text import literal

KEYS = ("answer", "target", "ground_truth")  # of a mapping
MARKS = ("answer_tag", "boxed")  # the extractors that find an answer in a whole solution
MAX_LITERAL = 10_000  # characters of a text that may be a list or a mapping
MAX_NUMBER = 4000  # digits

_MISSING = frozenset({"None", "nan", "NaN", "NAN", "null", "NULL", "<NA>", "NaT", "N/A"})
_LITERAL = re.compile(r"\s*(?:\{\s*['\"]|\[\s*['\"]|b['\"])")
# What `\boxed`, `\frac`, `\alpha`, `\vec`, `\text` and `\right` become where a parser took the backslash for an escape.
_EATEN_ESCAPE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f]|\t(?=(?:ext|imes|heta|an|au|frac)(?![a-z]))|\r(?=(?:ight|ho|floor|ceil|angle)(?![a-z]))"
)
_EMPTY_MARK = re.compile(r"\\boxed|\\fbox|<answer>|####")


class UnreadableGold(ValueError):
    """A right answer that cannot be read; the message says why, with the value."""


def read_gold(ground_truth: Any) -> tuple[str, ...]:
    r"""Return the alternatives of a row's `ground_truth` as text; a response is right if it equals one of them.

    Raises:
        UnreadableGold: nothing, not a number, an empty text, a mapping without one of the keys or with several that
            differ, nested alternatives, an object of another type, text with damaged commands.

    Example:
        >>> read_gold(0.5), read_gold(["3", "three"]), read_gold({"answer": b"72"}), read_gold("6 + 6 = 12\n#### 12")
        (('0.5',), ('3', 'three'), ('72',), ('12',))
    """
    value = _plain(ground_truth)
    if isinstance(value, str):
        return _read_written(value)
    if isinstance(value, tuple | list | Sequence | Set):
        return _alternatives(value)
    if isinstance(value, Mapping):
        return read_gold(_entry(value))
    return (_read_one(value),)


@lru_cache(maxsize=16_384)  # of texts: every response to a prompt brings the same one
def _read_written(text: str) -> tuple[str, ...]:
    """The alternatives in a text."""
    value = _literal(text)
    return (_read_text(value),) if isinstance(value, str) else read_gold(value)


def _plain(value: Any) -> Any:
    """A value without numpy and bytes."""
    if isinstance(value, str | tuple | list):
        return value
    if isinstance(value, memoryview):
        value = value.tobytes()
    if hasattr(value, "tolist"):
        if not getattr(value, "shape", ()) and isinstance(value.tolist(), float):
            return float(str(value))  # a float32 of 0.1 is written 0.1, and is 0.10000000149 as a float
        value = value.tolist()
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise _unreadable(value, "its bytes are no UTF-8") from error
    return value


def _literal(text: str) -> Any:
    """What a text stands for when it is a list of texts, a mapping or bytes as Python or JSON write them."""
    if len(text) > MAX_LITERAL or not _LITERAL.match(text):
        return text
    for parse in (json.loads, literal):
        with warnings.catch_warnings(), suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            warnings.simplefilter("ignore")  # a backslash before a letter that is no escape
            return _plain(parse(text.strip()))
    return text


def _entry(mapping: Mapping[Any, Any]) -> Any:
    """The answer in a mapping; equal entries under several of the keys are one."""
    found = [mapping[key] for key in KEYS if key in mapping]
    if not found:
        raise _unreadable(dict(mapping), f"none of its keys is {', '.join(KEYS)}")
    if any(read_gold(entry) != read_gold(found[0]) for entry in found[1:]):
        raise _unreadable(dict(mapping), "its entries differ")
    if isinstance(found[0], Mapping):
        raise _unreadable(dict(mapping), "it is nested")
    return found[0]


def _alternatives(values: Collection[Any]) -> tuple[str, ...]:
    """Each alternative once. An alternative of several values would be paid for any one of them, so it is refused."""
    alternatives = []
    for value in values:
        plain = _plain(value)
        if isinstance(plain, Sequence | Set | Mapping) and not isinstance(plain, str):
            raise _unreadable(values, "an alternative is itself a list or a mapping")
        alternatives.append(_read_one(plain))
    if not alternatives:
        raise _unreadable(values, "it has no alternative")
    if isinstance(values, Set):
        alternatives.sort()
    return tuple(dict.fromkeys(alternatives))


def _read_one(value: Any) -> str:
    """One answer as text."""
    if isinstance(value, float) and math.isnan(value):
        raise _unreadable(value, "it is not a number")
    # A whole number without decimal places, which would count as its precision.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | Fraction) and (value.numerator * value.denominator).bit_length() > 3.3 * MAX_NUMBER:
        raise _unreadable("a number", f"it has more than {MAX_NUMBER} digits")
    if isinstance(value, str | bool | int | float | Fraction | Decimal):
        return _read_text(str(value))
    raise _unreadable(value, f"its type is {type(value).__name__}")


@lru_cache(maxsize=16_384)
def _read_text(text: str) -> str:
    """The answer that a text is, or that the solution in it ends with."""
    if _EATEN_ESCAPE.search(text):
        raise _unreadable(text, "a backslash was lost: write two of them, or a raw string")
    answer = text.strip()
    if _EMPTY_MARK.search(text):
        _, is_hash, behind = text.rpartition("####")
        answer = extract(text, MARKS).answer.strip()
        if not answer and is_hash:
            answer = behind.strip().partition("\n")[0].strip()
    if answer in _MISSING or waits_for_answer(f"{answer} "):
        raise _unreadable(text, "there is no answer in it")
    return answer


def _unreadable(value: Any, why: str) -> UnreadableGold:
    try:
        shown = " ".join(repr(value).split())
    except ValueError:  # Python writes out no integer of more than 4,300 digits, nor a list with one
        shown = f"a {type(value).__name__}"
    shown = f"{shown[:77]}..." if len(shown) > 80 else shown
    return UnreadableGold(f"ground_truth={shown} cannot be read: {why}")
