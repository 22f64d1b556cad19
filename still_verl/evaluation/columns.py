"""Reads the values of a row whose columns are called and written as their maker likes."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    """Return the first of some columns that has a value."""
    for name in names:
        if entry.get(name) is not None:
            return entry[name]
    return None


def as_text(value: Any) -> str | None:
    """Return a value as text: messages of a chat as their contents, a number as it is written."""
    if value is None:
        return None
    if isinstance(value, str):
        return whole_text(value)
    if is_chat(value):
        return whole_text("\n".join(str(message["content"]) for message in value))
    if isinstance(value, bytes):  # parquet has texts and numbers that JSON has not
        return value.decode("utf-8", "replace")
    try:
        return whole_text(json.dumps(value, ensure_ascii=False, sort_keys=True))
    except TypeError:
        return str(value)


def is_chat(value: Any) -> bool:
    """Return whether a value is a list of messages."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(message, dict) and "content" in message for message in value)


def as_gold(value: Any) -> str | None:
    """Return a right answer as text that `rewards.gold.read_gold` reads; None where there is none.

    Example:
        >>> as_gold(5.0), as_gold([3, "three"]), as_gold(" "), as_gold(float("nan")), as_gold([])
        ('5', '["3", "three"]', None, None, None)
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value.is_integer():  # written with a decimal place it would be a decimal
            value = int(value)
    if isinstance(value, list):
        if not value:
            return None
        value = [as_text(alternative) for alternative in value]
    text = as_text(value)
    return text if text is not None and text.strip() else None


def as_count(value: Any) -> int | None:
    """Return a whole number; None for everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value  # of any size, also where a float has no place for it
    return int(value) if isinstance(value, float) and value.is_integer() else None


def whole_text(text: str) -> str:
    r"""Return a text with a mark for each lone surrogate, half a character that no request and no tokenizer takes.

    Example:
        >>> whole_text("half \ud83d, whole \ud83d\ude00")
        'half \ufffd, whole \U0001f600'
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
