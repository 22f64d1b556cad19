"""How a quantity changed over a run, and whether that is more than noise."""

import math
from dataclasses import dataclass

import numpy as np

from still_verl.monitor.metric_names import ACCURACY
from still_verl.report.errors import samples_by_step
from still_verl.report.run import Run

CLEAR = 2.0  # standard errors of a difference from which a change counts
MARGIN = 0.02  # a change of a share that counts where its noise is unknown


@dataclass(frozen=True)
class Change:
    """A quantity at the beginning and at the end.

    Attributes:
        steps: the first and the last step.
        error: one standard error of the difference; None when it cannot be known.
    """

    first: float
    last: float
    steps: tuple[int, int]
    error: float | None = None

    @property
    def direction(self) -> int:
        """1 for a rise and -1 for a fall that is clearly more than noise, else 0."""
        margin = MARGIN
        if self.error is not None:
            margin = CLEAR * self.error
        difference = self.last - self.first
        if not abs(difference) > margin:  # NaN, where both are too large to be subtracted
            return 0
        return int(math.copysign(1, difference))


def tenths(run: Run, key: str) -> Change | None:
    """Compare the means of the first and of the last tenth of a run, five steps at least if it has ten.

    None for a metric with fewer than two values. The error counts the steps of a tenth as independent.
    """
    points = run.known(key)
    if len(points) < 2:
        return None
    size = max(len(points) // 10, min(5, len(points) // 2))
    first = [value for _, value in points[:size]]
    last = [value for _, value in points[-size:]]
    error = None
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # a run that explodes: its error is infinite, and nothing is clear
        if size > 1:
            error = float(np.sqrt((np.var(first) + np.var(last)) / (size - 1)))
        means = float(np.mean(first)), float(np.mean(last))
    return Change(*means, (points[0][0], points[-1][0]), error)


def accuracy_change(run: Run) -> tuple[Change | None, str]:
    """Compare accuracy, held-out where the run validated twice; also returns what was measured, in words.

    (None, "") when no accuracy was logged.
    """
    for source, key in run.validations():
        points = run.known(key)
        if len(points) > 1:
            return _between_validations(run, points), f"Accuracy on held-out problems ({source})"
    training = run.first_of(*ACCURACY)
    if training is not None:
        return tenths(run, training), "Accuracy in training"
    return None, ""


def _between_validations(run: Run, points: list[tuple[int, float]]) -> Change:
    """Compare the first and the last validation; the noise is binomial, where the number of samples is known."""
    first_step, first = points[0]
    last_step, last = points[-1]
    counts = samples_by_step(run)
    before, after = counts.get(first_step), counts.get(last_step)
    if not before or not after:
        return Change(first, last, (first_step, last_step))
    error = math.sqrt(_binomial_variance(first) / before + _binomial_variance(last) / after)
    return Change(first, last, (first_step, last_step), error)


def _binomial_variance(share: float) -> float:
    return max(share * (1 - share), 0.0)  # a mean score, which may be above 1, has none
