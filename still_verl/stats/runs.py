"""Compares two ways to train by what their runs reached: the seed is what is drawn, and a run is one observation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, sqrt

from scipy.special import stdtr, stdtrit

from still_verl.stats.equivalence import equivalence_p
from still_verl.stats.interval import LEVEL, Interval, all_same, around_equal_values, mean, standard_error
from still_verl.stats.paired import MARGIN


@dataclass(frozen=True)
class RunsComparison:
    """The first way against the second. Differences are first minus second, as shares.

    Attributes:
        stderr: of the difference; None where nothing tells how large it is.
        interval: of the difference, 95 %; None likewise.
        p: two-sided; 1 where nothing is known.
        p_equal: of the claim that the difference is less than `margin`.
        method: what was compared, in words.
    """

    difference: float
    stderr: float | None
    interval: Interval | None
    p: float
    p_equal: float
    margin: float
    method: str


def compare_runs(
    first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]], margin: float = MARGIN
) -> RunsComparison:
    """Compare what runs reached, by seed; runs of the same seed are paired where each seed has one run on both sides.

    Args:
        first: by seed, the figures of its runs, as shares; "" where a run's seed is not known.
        second: those of the other way to train.

    Raises:
        ValueError: one side has no run.
    """
    if not first or not second:
        raise ValueError("nothing to compare: each side needs a run")
    if _paired(first, second):
        differences = [_exact(first[seed][0]) - _exact(second[seed][0]) for seed in sorted(first)]
        return _of_pairs(differences, margin)
    return _of_groups(_values(first), _values(second), margin)


def from_error(difference: float, stderr: float | None, margin: float, method: str) -> RunsComparison:
    """Make the comparison of two runs from the error of their difference, by the normal distribution."""
    if not stderr:
        return RunsComparison(difference, None, None, 1.0, 1.0, margin, method)
    return _by_t(difference, stderr, float("inf"), margin, method)


def _paired(first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]]) -> bool:
    single = all(len(values) == 1 for values in [*first.values(), *second.values()])
    return single and "" not in first and first.keys() == second.keys() and len(first) > 1


def _values(by_seed: Mapping[str, Sequence[float]]) -> list[Fraction]:
    return [_exact(value) for values in by_seed.values() for value in values]


def _exact(value: float) -> Fraction:
    """Return a logged figure without the rounding of floats: else equal differences would have a tiny deviation."""
    return Fraction(f"{value:.9f}")


def _of_pairs(differences: Sequence[Fraction], margin: float) -> RunsComparison:
    """Use the t test of the differences of seeds."""
    center = mean(differences)
    method = f"{len(differences)} seeds, paired"
    if all_same(differences):  # nothing is known of the deviation
        reach = around_equal_values(center, len(differences), -1.0, 1.0, LEVEL)
        return RunsComparison(center, 0.0, reach, 1.0, equivalence_p(differences, margin), margin, method)
    error = standard_error(differences) or 0.0
    return _by_t(center, error, len(differences) - 1, margin, method)


def _of_groups(first: Sequence[Fraction], second: Sequence[Fraction], margin: float) -> RunsComparison:
    """Use Welch's t test, which does not assume that both vary alike."""
    center = mean(first) - mean(second)
    method = f"{len(first)} and {len(second)} runs, not paired"
    errors = [standard_error(first), standard_error(second)]
    squares = [error**2 for error in errors if error is not None]
    if len(squares) < 2 or not fsum(squares):
        return RunsComparison(center, None, None, 1.0, 1.0, margin, method)
    total = fsum(squares)
    freedom = total**2 / (squares[0] ** 2 / (len(first) - 1) + squares[1] ** 2 / (len(second) - 1))
    return _by_t(center, sqrt(total), freedom, margin, method)


def _by_t(center: float, error: float, freedom: float, margin: float, method: str) -> RunsComparison:
    degrees = min(freedom, 1e9)  # the normal distribution, for infinity
    reach = float(stdtrit(degrees, (1 + LEVEL) / 2)) * error
    p = 2 * float(stdtr(degrees, -abs(center) / error))
    p_equal = float(stdtr(degrees, -(margin - abs(center)) / error))
    return RunsComparison(center, error, (center - reach, center + reach), p, p_equal, margin, method)
