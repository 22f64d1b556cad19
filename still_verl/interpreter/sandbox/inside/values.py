"""Plain data as text, and back: numbers, text, lists, tuples, sets, dictionaries, and nothing that has a class.

A program's value is compared outside of its process. What arrives there must not bring code along: an `__eq__` that is
always true, a pickle. So a subclass arrives as the plain value that it stands for, and other objects do not arrive.
"""

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 100  # of lists in lists
_MAX_INT = 10**4000  # Python refuses to read longer ones in decimal digits
_TAGS = ("int", "tuple", "set", "frozenset", "dict", "bytes", "complex", "object")

# Writes what is no plain data: returns what JSON can hold, or raises TypeError.
Other = Callable[[object], object]
# Reads what such a function wrote.
Known = Callable[[object], object]


def _refuse(value: object) -> object:
    raise TypeError(f"a {type(value).__name__} is not plain data")


def dumps(value: object, other: Other = _refuse) -> str:
    r"""Write a value as JSON in one line.

    Args:
        value: what is written.
        other: writes what is no plain data, for `loads` with a function that reads it.

    Raises:
        TypeError: a part of it is no plain data.
        ValueError: it is nested too deeply, or in itself.

    Example:
        >>> dumps((1, {"a": b"x"})), loads(dumps((1, {"a": b"x"})))
        ('{"tuple": [1, {"dict": [["a", {"bytes": "eA=="}]]}]}', (1, {'a': b'x'}))
    """
    return json.dumps(_plain(value, other, MAX_DEPTH))


def loads(text: str, known: Known = _refuse) -> Any:
    """Read what `dumps` wrote. The text may come from a program that attacks: nothing of it is run.

    Args:
        text: of `dumps`.
        known: makes something of what `other` wrote.

    Raises:
        ValueError: it is no such text.
    """
    try:
        return _made(json.loads(text), known)
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no plain data: {type(error).__name__}") from error


def _plain(value: object, other: Other, depth: int) -> object:
    """What JSON can hold of a value; the base class's own methods read it, and not those that a subclass has."""
    if depth <= 0:
        raise ValueError(f"lists in lists are nested more than {MAX_DEPTH} deep")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        number = int.__index__(value)
        return number if -_MAX_INT < number < _MAX_INT else {"int": hex(number)}
    if isinstance(value, float):
        return float.__float__(value)
    return _plain_parts(_without_numpy(value), other, depth)


def _plain_parts(value: object, other: Other, depth: int) -> object:
    """What JSON can hold of a value that has parts."""

    def parts(values: object) -> list[object]:
        return [_plain(part, other, depth - 1) for part in values]  # type: ignore[attr-defined]

    if isinstance(value, list):
        return parts(list.__iter__(value))
    if isinstance(value, tuple):
        return {"tuple": parts(tuple.__iter__(value))}
    if isinstance(value, set):
        return {"set": parts(set.__iter__(value))}
    if isinstance(value, frozenset):
        return {"frozenset": parts(frozenset.__iter__(value))}
    if isinstance(value, dict):
        return {"dict": [parts(pair) for pair in dict.items(value)]}
    if isinstance(value, bytes | bytearray):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, complex):
        return {"complex": [complex.real.__get__(value), complex.imag.__get__(value)]}
    if isinstance(value, int | float | str | None):  # of numpy
        return _plain(value, other, depth)
    return {"object": other(value)}


def _without_numpy(value: object) -> object:
    """A number or an array of numpy as Python has it."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return value.tolist()
    return value


def _made(value: object, known: Known) -> object:
    if isinstance(value, list):
        return [_made(part, known) for part in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag not in _TAGS:
        raise TypeError
    if tag == "int":
        return int(content, 16)
    if tag == "bytes":
        return base64.b64decode(content, validate=True)
    if tag == "complex":
        real, imaginary = content
        return complex(real, imaginary)
    if tag == "object":
        return known(content)
    parts = [_made(part, known) for part in content]
    if tag == "dict":
        return dict(parts)  # type: ignore[arg-type]
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](parts)
