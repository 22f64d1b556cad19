"""What one unit is in another, by pint. Only a worker calls it: the first call imports for a third of a second."""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

Dimensions = frozenset[tuple[str, Fraction]]

_UNIT = re.compile(r"[A-Za-z]{1,20}(?:\*\*-?\d)?(?:\s*[ */]\s*[A-Za-z]{1,20}(?:\*\*-?\d)?){0,4}")
_MONEY = ("dollar = [dollar] = usd = USD", "penny = dollar / 100 = _ = pennies = cents")


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(non_int_type=Fraction)
    for line in _MONEY:
        registry.define(line)
    return registry


@lru_cache(maxsize=4096)
def measure(unit: str) -> tuple[Dimensions, Fraction] | None:
    """Return the powers of a unit's dimensions and its size in base units; None when it is not one that pint knows.

    Example:
        >>> measure("km")
        (frozenset({('[length]', Fraction(1, 1))}), Fraction(1000, 1))
    """
    if not _UNIT.fullmatch(unit):
        return None
    registry = _registry()
    try:
        parsed = registry.parse_units(unit)
        size, _ = registry.get_root_units(parsed)
        if registry.Quantity(Fraction(1), parsed).to_root_units().magnitude != size:
            return None  # degrees of temperature: they start at another zero
        return frozenset(parsed.dimensionality.items()), Fraction(size)
    except Exception:  # pint raises errors of a dozen kinds, of Python's too, for what is no unit
        return None


def conversion(gold: str, answer: str) -> Fraction | None:
    """Return how many of `gold` one `answer` is: 60 for "s" and "min", 0 for "s" and "m"; None for apples."""
    left, right = measure(gold), measure(answer)
    if left is None or right is None:
        return None
    if left[0] != right[0]:
        return Fraction(0)
    return right[1] / left[1]
