"""Turns a line into a row, or says why it is none."""

import json
import re
from typing import Any

from still_verl.curation.reading.chunks import Item
from still_verl.curation.reading.lines import Unreadable
from still_verl.curation.reading.strict_json import DECODER
from still_verl.curation.rows import Reject

MAX_PROBLEM = 100_000  # characters
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # alone, or one of a pair


def parse(item: Item) -> dict[str, Any]:
    """Return the columns of a row.

    Raises:
        Reject: it is no JSON object, or not text, or two of its keys are one.
    """
    if isinstance(item, dict):
        _check_characters(item)
        return item
    if isinstance(item, Unreadable):
        raise Reject(item.cause)
    if not item.strip():
        raise Reject("the line is empty")
    try:
        row = DECODER.decode(item.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Reject(f"it is not UTF-8: byte {item[error.start]:#04x} at {error.start}") from None
    except RecursionError:
        raise Reject("it is nested too deeply") from None
    except ValueError as error:
        raise Reject(f"it is no JSON: {error}"[:200]) from None
    if isinstance(row, list):
        raise Reject("it is no object: its type is list (name the file .json if it is one list)")
    if not isinstance(row, dict):
        raise Reject(f"it is no object: its type is {type(row).__name__}")
    if _ESCAPED_SURROGATE.search(item):
        _check_characters(row)
    return row


def _check_characters(row: dict[str, Any]) -> None:
    """Refuse what no file of text can hold, in whichever column."""
    for name, value in row.items():
        try:
            json.dumps([name, value], ensure_ascii=False, default=str).encode("utf-8")
        except UnicodeEncodeError:
            raise Reject(f"half of a surrogate pair in {name.encode('ascii', 'replace').decode()!r:.60}") from None


def check_text(problem: str) -> None:
    """Refuse a problem that is no text.

    Raises:
        Reject: it is empty, too long, or has characters that no file of text can hold.
    """
    if not problem.strip():
        raise Reject("the problem is empty")
    if len(problem) > MAX_PROBLEM:
        raise Reject(f"the problem has {len(problem):,} characters, more than {MAX_PROBLEM:,}")
    if "\0" in problem:
        raise Reject("the problem has a NUL character")
    try:
        problem.encode("utf-8")
    except UnicodeEncodeError:
        raise Reject("the problem has half of a surrogate pair") from None
