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
    if value is None or isinstance(value, str):
        return value
    if is_chat(value):
        return "\n".join(str(message["content"]) for message in value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def is_chat(value: Any) -> bool:
    """Return whether a value is a list of messages."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(message, dict) and "content" in message for message in value)


def as_gold(value: Any) -> str | None:
    """Return a right answer as text that `rewards.gold.read_gold` reads; None where there is none.

    Example:
        >>> as_gold(5.0), as_gold([3, "three"]), as_gold(" "), as_gold(float("nan"))
        ('5', '["3", "three"]', None, None)
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value.is_integer():  # written with a decimal place it would be a decimal
            value = int(value)
    if isinstance(value, list):
        value = [as_text(alternative) for alternative in value]
    text = as_text(value)
    return text if text is not None and text.strip() else None


def as_count(value: Any) -> int | None:
    """Return a whole number; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if math.isfinite(value) and value == int(value) else None
