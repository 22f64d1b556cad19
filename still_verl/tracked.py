"""Settings that remember which of them were read, to find those that a job sets and nobody reads."""

import copy
from typing import Any, TypeVar

T = TypeVar("T")


def tracked(node: T) -> tuple[T, set[str]]:
    """Return a copy of a dataclass that notes each attribute that is read, and the set of their names.

    The copy is of the same class to everyone who asks (`isinstance`, `dataclasses.replace`), since functions of a
    user's own get it.

    Example:
        >>> from still_verl.dynamics.schedules import ScheduleConfig, value_at
        >>> settings, read = tracked(ScheduleConfig(kind="constant", start=0.1, end=0.5))
        >>> value_at(settings, 0, 10)
        0.1
        >>> "start" in read, "end" in read
        (True, False)
    """
    read: set[str] = set()
    kind: Any = type(node)

    class Tracked(kind):
        def __getattribute__(self, name: str) -> Any:
            read.add(name)
            return super().__getattribute__(name)

    Tracked.__name__ = kind.__name__
    Tracked.__qualname__ = kind.__qualname__
    found = copy.copy(node)
    object.__setattr__(found, "__class__", Tracked)
    read.clear()
    return found, read
