"""Remembers what was computed of a text, for as long as a step's metrics are made.

The metrics of a domain look at the same texts as those of all samples: without this, each text would be read twice.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_known: "ContextVar[dict[Any, Any] | None]" = ContextVar("known", default=None)
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def remembered() -> Iterator[None]:
    """Let functions that are `remembers` compute each text once within the block; at its end all is forgotten.

    Example:
        >>> @remembers
        ... def length(text):
        ...     print("counted")
        ...     return len(text)
        >>> with remembered():
        ...     length("abc"), length("abc")
        counted
        (3, 3)
        >>> length("abc")
        counted
        3
    """
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def remembers(compute: Callable[P, R]) -> Callable[P, R]:
    """Let a function of texts keep what it returns, which callers must not change."""

    @wraps(compute)
    def found(*args: P.args, **kwargs: P.kwargs) -> R:
        known = _known.get()
        if known is None or kwargs:
            return compute(*args, **kwargs)
        key = (compute, *args)
        if key not in known:
            known[key] = compute(*args, **kwargs)
        value: R = known[key]
        return value

    return found
