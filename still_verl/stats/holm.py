"""Holm's correction: p values of several benchmarks, so that any false alarm is as rare as for one."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values by Holm's step-down method, in the order in which they came.

    Example:
        >>> holm([0.01, 0.5, 0.02])
        [0.03, 0.5, 0.04]
    """
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(ranked):
        # The smallest is multiplied by the number of all, the next by one less; none falls below the one before.
        largest = max(largest, (len(ranked) - rank) * p_values[index])
        corrected[index] = min(largest, 1.0)
    return corrected
