"""Is there a trend in a noisy series? Robust to outliers and to noise that is correlated from step to step.

Every function takes arrays whose last axis is the steps, so one call tests many series.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MAX_CORRELATION = 0.95


@dataclass(frozen=True)
class Trend:
    """What `trend` found.

    Attributes:
        change: over the whole window, in the unit of the series: the slope of Theil and Sen times its length.
        z: of the Mann-Kendall test, positive for a rise; standard normal when there is no trend.
    """

    change: np.ndarray
    z: np.ndarray


def trend(values: np.ndarray) -> Trend:
    """Do the Mann-Kendall test with Sen's slope, corrected for autocorrelation; needs at least 10 steps.

    Mann 1945, Econometrica 13; Kendall 1975; Sen 1968, J. Am. Stat. Assoc. 63. The variance is multiplied by n/n* of
    Yue and Wang 2004, Water Resour. Manag. 18, with the lag-1 correlation of the series without its trend. Ties are not
    corrected for, which only makes the test more careful.
    """
    n = values.shape[-1]
    earlier, later = _pairs(n)
    differences = values[..., later] - values[..., earlier]
    score = np.sign(differences).sum(-1)
    slope = np.median(differences / (later - earlier), axis=-1)
    variance = n * (n - 1) * (2 * n + 5) / 18 * _inflation(_correlation(values), n)
    return Trend(slope * (n - 1), (score - np.sign(score)) / np.sqrt(variance))


def fold(values: np.ndarray) -> np.ndarray:
    """Return the means of the pairs of steps that are equally far from the middle, from the innermost to the outermost.

    A straight line folds to a constant, a convex curve to a rise: so `trend` of it tests for acceleration.
    """
    half = values.shape[-1] // 2
    return (values[..., half - 1 :: -1] + values[..., -half:]) / 2


def ends(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the medians of the first and of the last fifth."""
    fifth = max(values.shape[-1] // 5, 1)
    return np.median(values[..., :fifth], axis=-1), np.median(values[..., -fifth:], axis=-1)


def _correlation(values: np.ndarray) -> np.ndarray:
    """Return the correlation of one step with the next around a parabola, within [0, MAX_CORRELATION].

    `values` have at least 6 steps. A line would leave the bend of a trend behind, which looks like correlation. The
    estimate is freed of its bias, -(3 + 5 r)/n: one degree beyond the -(2 + 4 r)/n of a line (van Giersbergen 2005,
    Stat. Neerl. 59).
    """
    n = values.shape[-1]
    basis = _parabolas(n)
    residuals = values - (values @ basis) @ basis.T
    power = (residuals**2).sum(-1)
    raw = (residuals[..., 1:] * residuals[..., :-1]).sum(-1) / np.where(power > 0, power, 1.0)
    return np.clip((n * raw + 3) / (n - 5), 0.0, MAX_CORRELATION)


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of every two of `n` values, the earlier ones and the later ones."""
    earlier, later = np.triu_indices(n, 1)
    return earlier, later


@lru_cache(maxsize=64)
def _parabolas(n: int) -> np.ndarray:
    """Return an orthonormal basis of the parabolas over `n` values."""
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, n), 3))
    return basis


def _inflation(correlation: np.ndarray, n: int) -> np.ndarray:
    """Return n/n*: how many times larger a mean's variance is than without correlation."""
    lags = np.arange(1, n)
    return 1 + 2 * ((1 - lags / n) * correlation[..., None] ** lags).sum(-1)
