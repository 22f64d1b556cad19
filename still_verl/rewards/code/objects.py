"""Whether the value of a function is right. Each comparison is a function `(expected, found, tolerance) -> bool`.

Both values are plain data, so that nothing of the program takes part.
"""

import math
from typing import Any

_LISTS = (list, tuple)
_SETS = (set, frozenset)
_ROUNDING = 4e-15  # relative: what adding in another order changes


def values(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare as Python does, but numbers within the tolerance if one has decimal places.

    Data in JSON have no tuples, sets or keys that are numbers, so that a list stands for a tuple, and the text of a key
    for the key. `True` is not 1.

    Example:
        >>> values(0.3, 0.1 + 0.2, 1e-9), values([1, 2], (1, 2), 1e-9), values(1, True, 1e-9), values(1, 1.0, 1e-9)
        (True, True, False, True)
    """
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return _same_number(expected, found, tolerance)
    if isinstance(expected, _LISTS) and isinstance(found, _LISTS):
        return len(expected) == len(found) and all(map(values, expected, found, [tolerance] * len(expected)))
    if isinstance(expected, dict) and isinstance(found, dict):
        return _same_entries(expected, found, tolerance)
    if isinstance(found, _SETS) and isinstance(expected, (*_LISTS, *_SETS)):
        return len(expected) == len(found) and any_order(list(expected), list(found), tolerance)
    return type(expected) is type(found) and bool(expected == found)


def _same_number(expected: float, found: float, tolerance: float) -> bool:
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found
    try:
        if math.isnan(expected) or math.isnan(found):
            return math.isnan(expected) and math.isnan(found)
        return near(expected, found, tolerance)
    except OverflowError:  # an integer that is larger than any number with decimal places
        return False


def near(expected: float, found: float, tolerance: float) -> bool:
    """Return whether a number is right within a tolerance.

    The tolerance is relative and absolute, but absolute only where a whole number is expected: next to a large one, one
    more or less is wrong.
    """
    if math.isfinite(expected) and expected == int(expected):
        return math.isclose(expected, found, rel_tol=_ROUNDING, abs_tol=tolerance)
    return math.isclose(expected, found, rel_tol=tolerance, abs_tol=tolerance)


def _same_entries(expected: dict[Any, Any], found: dict[Any, Any], tolerance: float) -> bool:
    if len(expected) != len(found):
        return False
    by_key = {_key(key): value for key, value in found.items()}
    for key, value in expected.items():
        if _key(key) not in by_key or not values(value, by_key[_key(key)], tolerance):
            return False
    return len(by_key) == len(found)


def _key(key: Any) -> str:
    """A key as JSON writes it."""
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)


def any_order(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare lists whatever their order; each entry as often as it is there."""
    if not isinstance(expected, (*_LISTS, *_SETS)) or not isinstance(found, (*_LISTS, *_SETS)):
        return values(expected, found, tolerance)
    rest = list(found)
    if len(expected) != len(rest):
        return False
    for wanted in expected:
        for place, value in enumerate(rest):
            if values(wanted, value, tolerance):
                del rest[place]
                break
        else:
            return False
    return True


def exact(expected: Any, found: Any, tolerance: float) -> bool:
    """Compare as `values` with no tolerance."""
    return values(expected, found, 0.0)
