"""Reads an entry of a file as the fields of a dataclass, and refuses one that something has damaged."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

Kinds = Mapping[str, tuple[type, ...]]


def kinds_of(record: type) -> Kinds:
    """Return what each field of a dataclass may be, by its annotation.

    Example:
        >>> from dataclasses import make_dataclass
        >>> kinds_of(make_dataclass("Seen", [("name", str), ("seconds", float | None)]))["seconds"]
        (<class 'float'>, <class 'NoneType'>, <class 'int'>)
    """
    found = {}
    for name, hint in get_type_hints(record).items():
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = [get_origin(option) or option for option in options]
        if float in kinds:
            kinds.append(int)  # JSON has 1 for 1.0
        found[name] = tuple(kinds)
    return found


def typed(entry: Mapping[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Return the fields of an entry; names that a later version added are left out.

    Raises:
        ValueError: a field has a value of another kind; names it.
    """
    found = {}
    for name, value in entry.items():
        if name not in kinds:
            continue
        if not isinstance(value, kinds[name]):
            raise ValueError(f"{name} is of the kind {type(value).__name__}")
        found[name] = value
    return found
