"""What some samples say of a problem's pass rate: a posterior, and how sure it is of a band.

The samples of one problem are independent given its pass rate. So n samples with r right turn the prior Beta(a, b)
into the posterior Beta(a + r, b + n - r). A mixture of Beta distributions becomes one of their posteriors, in which
each has a share by how well it foretold the samples.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincc, betaincinv, betaln

Array = np.ndarray[Any, Any]


class Band(NamedTuple):
    """The pass rates that are wanted, both ends included; 0 <= low < high <= 1."""

    low: float = 0.2
    high: float = 0.8


class Beta(NamedTuple):
    """Beta(a, b), both above 0. The default is Jeffreys' prior."""

    a: float = 0.5
    b: float = 0.5


class Chances(NamedTuple):
    """Probabilities that a pass rate is within a band, below it, and above it; their sum is 1."""

    inside: float
    below: float
    above: float


class Mixture(NamedTuple):
    """A distribution of a pass rate: Beta distributions, and the share of each; the shares' sum is 1."""

    parts: tuple[Beta, ...] = (Beta(),)
    shares: tuple[float, ...] = (1.0,)

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return a, b and share of the parts, each of shape (parts,)."""
        a, b = np.array(self.parts, dtype=float).T
        return a, b, np.array(self.shares)

    def chances(self, band: Band) -> Chances:
        """Compute where the pass rate is likely to be."""
        a, b, shares = self.arrays()
        below = float(shares @ betainc(a, b, band.low))
        above = float(shares @ betaincc(a, b, band.high))
        return Chances(max(0.0, 1 - below - above), below, above)

    def interval(self, level: float) -> tuple[float, float]:
        """Compute the interval that has the pass rate with probability `level`, with equal tails on both sides."""
        tail = (1 - level) / 2
        return self._quantile(tail), self._quantile(1 - tail)

    def _quantile(self, at: float) -> float:
        a, b, shares = self.arrays()
        each = betaincinv(a, b, at)
        low, high = float(each.min()), float(each.max())  # that of the mixture is between those of its parts
        if low == high:
            return low
        return float(brentq(lambda rate: float(shares @ betainc(a, b, rate)) - at, low, high))


def mixture_of(a: Array, b: Array, shares: Array) -> Mixture:
    """Return the mixture of some parts, each array of shape (parts,)."""
    return Mixture(tuple(map(Beta, a.tolist(), b.tolist())), tuple(shares.tolist()))


def posterior(right: int, samples: int, prior: Mixture) -> Mixture:
    """Compute the posterior of a problem with `right` right samples of `samples`.

    Example:
        >>> posterior(3, 4, Mixture())
        Mixture(parts=(Beta(a=3.5, b=1.5),), shares=(1.0,))
    """
    a, b, shares = posteriors(samples, prior)
    return mixture_of(a[right], b[right], shares[right])


def posteriors(samples: int, prior: Mixture) -> tuple[Array, Array, Array]:
    """Compute a, b and share of each part, for 0, 1, ... `samples` right ones; each of shape (samples + 1, parts)."""
    a, b, shares = prior.arrays()
    right = np.arange(samples + 1)[:, None]
    wrong = samples - right
    foretold = np.log(shares) + betaln(a + right, b + wrong) - betaln(a, b)
    weights = np.exp(foretold - foretold.max(axis=1, keepdims=True))
    return a + right, b + wrong, weights / weights.sum(axis=1, keepdims=True)
