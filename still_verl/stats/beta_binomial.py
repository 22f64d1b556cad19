"""How pass rates are spread over problems, from a few samples of each: the Beta distribution that explains them best.

It is the prior of a problem that nobody has sampled yet. Where most problems are out of reach, a uniform prior takes
every new problem for a promising one.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import psi

SMALLEST, LARGEST = 0.05, 50.0  # of both parameters: with few problems the best fit may be at 0 or without end
_GRID = 4  # counts that have faded are rounded to quarters, so that thousands of problems are few different pairs
_TOLERANCE = 1e-3


class Spread(NamedTuple):
    """Beta(a, b), the distribution of pass rates over problems."""

    a: float = 1.0
    b: float = 1.0

    @property
    def mean(self) -> float:
        """Return the mean pass rate."""
        return self.a / (self.a + self.b)


def fit(right: Any, samples: Any, start: Spread = Spread(), rounds: int = 50) -> Spread:  # noqa: B008, a constant
    """Return the Beta distribution with the highest likelihood, by Minka's fixed-point iteration.

    Args:
        right: right samples of each problem, shape (problems,); fractions where evidence has faded.
        samples: all samples of each problem, likewise.
        start: where the iteration begins.
        rounds: of the iteration, at most.

    Example:
        >>> hard = fit(np.array([0.0] * 90 + [4.0] * 10), np.array([8.0] * 100))
        >>> 0.03 < hard.mean < 0.07, hard.a < 0.2
        (True, True)
    """
    total = np.round(_GRID * np.asarray(samples, dtype=float)) / _GRID
    good = np.minimum(np.round(_GRID * np.asarray(right, dtype=float)) / _GRID, total)
    seen = total > 0
    if not seen.any():
        return start
    pairs, count = np.unique(np.stack([good[seen], total[seen]]), axis=1, return_counts=True)
    found = start
    for _ in range(rounds):
        step = _step(found, pairs[0], pairs[1], count)
        near = max(abs(step.a - found.a), abs(step.b - found.b)) < _TOLERANCE
        found = step
        if near:
            break
    return found


def _step(spread: Spread, right: Any, samples: Any, count: Any) -> Spread:
    a, b = spread
    scale = np.sum(count * (psi(samples + a + b) - psi(a + b)))
    more_right = np.sum(count * (psi(right + a) - psi(a)))
    more_wrong = np.sum(count * (psi(samples - right + b) - psi(b)))
    new = np.clip([a * more_right / scale, b * more_wrong / scale], SMALLEST, LARGEST)
    return Spread(float(new[0]), float(new[1]))
