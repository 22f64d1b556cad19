"""How noisy is a signal, and how uncertain is the mean of a few of its values? Noise may be correlated over steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

FEWEST = 5  # values that an estimate needs
MAX_CORRELATION = 0.9
MEDIAN, TENTH = 0.6745, 1.6449  # of the size of a standard normal value: its median, and what one in ten exceeds


@dataclass(frozen=True)
class Noise:
    """Noise of the kind x[t] = correlation * x[t-1] + shock.

    Attributes:
        deviation: standard deviation of one value, on the signal's scale.
        correlation: of one value with the next.
    """

    deviation: float
    correlation: float

    def of_mean(self, size: int) -> float:
        """Return the standard deviation of the mean of `size` values in a row."""
        return self.deviation * math.sqrt(_variance_of_mean(size, round(self.correlation, 2)))


def estimate_noise(values: Sequence[float], least: float) -> Noise | None:
    """Estimate noise from how far values that are one and two steps apart differ; None for too few values.

    A level that drifts, or jumps once, moves these differences hardly at all. So a failure does not count as noise,
    as it does when correlation is estimated around a mean or a line.

    Args:
        least: deviation that is the lowest result.
    """
    if len(values) < FEWEST:
        return None
    array = np.asarray(values)
    near, far = _spread(array[1:] - array[:-1]), _spread(array[2:] - array[:-2])
    correlation = 0.0
    if near > 0:
        # The variances are 2 d^2 (1 - r) and 2 d^2 (1 - r^2): their ratio is 1 + r.
        correlation = min(max((far / near) ** 2 - 1, 0.0), MAX_CORRELATION)
    deviation = near / math.sqrt(2 * (1 - correlation))
    # With few values the estimate itself is uncertain.
    deviation *= 1 + 6 / len(values)
    return Noise(max(deviation, least), correlation)


def _spread(differences: np.ndarray) -> float:
    """Return the standard deviation of differences around 0, without outliers.

    The median size alone would be 0 where a signal rarely moves.
    """
    sizes = np.sort(np.abs(differences))
    middle, upper = sizes[len(sizes) // 2], sizes[int(0.9 * (len(sizes) - 1))]
    return float(max(middle / MEDIAN, upper / TENTH))


@cache
def _variance_of_mean(size: int, correlation: float) -> float:
    """Return the variance of a mean of values of variance 1."""
    total = 1.0
    for lag in range(1, size):
        total += 2 * (1 - lag / size) * correlation**lag
    return total / size
