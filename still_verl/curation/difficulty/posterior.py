"""What some samples say of a problem's pass rate: a Beta posterior, and how sure it is of a band.

The samples of one problem are independent given its pass rate. So n samples with r right turn the prior Beta(a, b)
into the posterior Beta(a + r, b + n - r).
"""

from typing import NamedTuple

from scipy.special import betainc, betaincc, betaincinv


class Band(NamedTuple):
    """The pass rates that are wanted, both ends included; 0 <= low < high <= 1."""

    low: float = 0.2
    high: float = 0.8


class Prior(NamedTuple):
    """What is believed of a pass rate before the first sample: Beta(a, b). The default is Jeffreys' prior."""

    a: float = 0.5
    b: float = 0.5


class Chances(NamedTuple):
    """Probabilities that a pass rate is within a band, below it, and above it; their sum is 1."""

    inside: float
    below: float
    above: float


class Posterior(NamedTuple):
    """The Beta distribution of one problem's pass rate after its samples; a and b are above 0."""

    a: float
    b: float

    def chances(self, band: Band) -> Chances:
        """Compute where the pass rate is likely to be."""
        below = float(betainc(self.a, self.b, band.low))
        above = float(betaincc(self.a, self.b, band.high))
        return Chances(max(0.0, 1 - below - above), below, above)

    def interval(self, level: float) -> tuple[float, float]:
        """Compute the interval that has the pass rate with probability `level`, with equal tails on both sides."""
        tail = (1 - level) / 2
        low, high = betaincinv(self.a, self.b, (tail, 1 - tail))
        return float(low), float(high)


def posterior(right: int, samples: int, prior: Prior) -> Posterior:
    """Compute the posterior of a problem with `right` right samples of `samples`.

    Example:
        >>> posterior(3, 4, Prior())
        Posterior(a=3.5, b=1.5)
    """
    return Posterior(prior.a + right, prior.b + samples - right)
