"""Means of the values of a step."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def means(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean of each entry that has at least one value."""
    found: dict[str, float] = {}
    for name, each in values.items():
        array = np.asarray(each, dtype=float)
        if array.size:
            found[name] = float(array.mean())
    return found
