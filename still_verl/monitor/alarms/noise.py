"""How noisy is a signal, and how uncertain is the mean of a few of its values? Noise may be correlated over steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

MAX_CORRELATION = 0.9
USUAL_VALUES = 40  # as how many values the usual correlation counts
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


def estimate_noise(values: Sequence[float], least: float, usual: float) -> Noise:
    """Estimate noise from how far values that are one and two steps apart differ; they are three at least.

    A level that drifts, or jumps once, moves these differences hardly at all. So a failure does not count as noise,
    as it does when correlation is estimated around a mean or a line.

    Args:
        least: deviation that is the lowest result.
        usual: correlation where nothing is known.
    """
    array = np.asarray(values)
    near, far = _spread(array[1:] - array[:-1]), _spread(array[2:] - array[:-2])
    correlation = 0.0
    if near > 0:
        # The variances are 2 d^2 (1 - r) and 2 d^2 (1 - r^2): their ratio is 1 + r.
        correlation = min(max((far / near) ** 2 - 1, 0.0), MAX_CORRELATION)
    # Of few values it is hardly known: it is drawn to what is usual.
    correlation = (len(values) * correlation + USUAL_VALUES * usual) / (len(values) + USUAL_VALUES)
    deviation = near / math.sqrt(2 * (1 - correlation))
    # Around their own mean, values spread more than noise: no estimate needs to be beyond that.
    deviation = min(deviation, _spread(array - np.median(array)))
    return Noise(max(deviation * (1 + 3 / len(values)), least), correlation)


def _spread(differences: np.ndarray) -> float:
    """Return the root mean square of differences from 0; what is beyond 3 deviations counts as 3.

    The median alone would say 0 where a signal rarely moves.
    """
    sizes = np.sort(np.abs(differences))
    middle, upper = sizes[len(sizes) // 2] / MEDIAN, sizes[int(0.9 * (len(sizes) - 1))] / TENTH
    return float(np.sqrt(np.mean(np.minimum(sizes, 3 * max(middle, upper)) ** 2)))


@cache
def _variance_of_mean(size: int, correlation: float) -> float:
    """Return the variance of a mean of values of variance 1."""
    total = 1.0
    for lag in range(1, size):
        total += 2 * (1 - lag / size) * correlation**lag
    return total / size
