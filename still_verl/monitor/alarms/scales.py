"""On which scale a signal is compared: differences of shares, factors of what has no upper end, parts of a score."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Differences count, in the unit of the signal: for shares, and for what is counted.

    Attributes:
        resolution: standard deviation below which noise is not believed; a batch is finite.
    """

    resolution: float = 0.004

    def transform(self, value: float) -> float:
        """Return a value on the scale."""
        return value

    def inverse(self, value: float) -> float:
        """Return a value of the scale in the unit of the signal."""
        return value

    def amount(self, before: float, after: float, spread: float) -> float:
        """Return how much a signal changed, without its sign.

        Args:
            before: on the scale, as `after`.
            spread: between the lowest and the highest level of the run.
        """
        return abs(after - before)

    def asked(self, amount: float) -> float:
        """Return what a threshold is compared with, from what a person writes."""
        return amount

    def name(self, amount: float) -> str:
        """Write a threshold for a person."""
        return f"{amount:g}"


@dataclass(frozen=True)
class Factor(Scale):
    """Factors count: for lengths, entropy, KL, norms.

    Attributes:
        floor: what is small next to it is as good as nothing: 0 and a tenth of it are the same.
    """

    resolution: float = 0.01
    floor: float = 1e-3

    def transform(self, value: float) -> float:
        """Return the logarithm; what is below 0, as an estimate of KL may be, counts as nothing."""
        return math.log(max(value, 0.0) + self.floor)

    def inverse(self, value: float) -> float:
        """Return a value of the scale in the unit of the signal."""
        return math.exp(value) - self.floor

    def asked(self, amount: float) -> float:
        """Return the logarithm of a factor."""
        return math.log(amount)

    def name(self, amount: float) -> str:
        """Write a factor."""
        return f"x{amount:g}"


@dataclass(frozen=True)
class Part(Scale):
    """Parts count: for scores, whose scale is the user's. A half is a fall from 0.6 to 0.3, or over half of what a run
    of scores below 0 has covered.
    """

    resolution: float = 0.004

    def amount(self, before: float, after: float, spread: float) -> float:
        """Return the change as a part of the larger end, or of what the run has covered."""
        return abs(after - before) / max(abs(before), abs(after), spread, 0.05)

    def name(self, amount: float) -> str:
        """Write a part."""
        return f"{amount:.0%}"
