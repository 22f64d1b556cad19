"""JSON in which nothing is passed over: a key that is there twice with different values is an error."""

import json
from collections.abc import Iterator
from typing import Any

from still_verl.curation.reading.lines import Unreadable

_SPACE = " \t\r\n"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: dict[str, Any] = {}
        for name, value in pairs:
            if seen.setdefault(name, value) != value:
                raise ValueError(f"the key {name!r:.60} is there twice, with different values")
    return found


def _nothing(_name: str) -> None:
    """NaN and infinity, which JSON has not, are no value."""


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python's own message names a setting of the interpreter
        raise ValueError(f"an integer of {len(digits):,} digits is too long to be read") from None


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_nothing, parse_int=_integer)
_ANY = json.JSONDecoder(parse_constant=_nothing, parse_int=str)  # finds the end of a row that cannot be read


def rows_of_list(text: str) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield the objects of a text that is one JSON list; what follows a damage is one unreadable row.

    Example:
        >>> list(rows_of_list('[{"a": 1}, {"a": 1, "a": 2}]'))
        [{'a': 1}, Unreadable(cause="the key 'a' is there twice, with different values")]
    """
    at = _behind_space(text, text.index("[") + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        try:
            row, at = _row(text, at)
        except (ValueError, RecursionError) as error:
            yield Unreadable(f"it is no JSON list from here on: {error}"[:200])
            return
        yield row
        at = _behind_space(text, at)
        if text[at : at + 1] != ",":
            break
        at = _behind_space(text, at + 1)
    if text[at:].rstrip() != "]":
        yield Unreadable(f"it is no JSON list from here on: {text[at : at + 40]!r} is in place of a comma or an end")


def _row(text: str, at: int) -> tuple[dict[str, Any] | Unreadable, int]:
    try:
        row, end = DECODER.raw_decode(text, at)
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # of a whole object: the next one can be found
        return Unreadable(str(error)), _ANY.raw_decode(text, at)[1]
    if not isinstance(row, dict):
        return Unreadable(f"it is no object: its type is {type(row).__name__}"), end
    return row, end


def _behind_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
