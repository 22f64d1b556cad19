"""The mean of a benchmark: its standard error, clustered by problem, and its interval.

Samples of one problem are alike, so the problem is what is drawn from a population, and its mean is one observation
(Miller 2024, arXiv 2411.00640). The interval is for the mean of the population that the problems stand for.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import exp, fsum, log, sqrt

from scipy.special import ndtri, stdtrit

LEVEL = 0.95
Interval = tuple[float, float]


def mean(values: Sequence[Fraction]) -> float:
    """Compute the mean of at least one value."""
    return fsum(map(float, values)) / len(values)


def standard_error(values: Sequence[Fraction]) -> float | None:
    """Compute the standard error of the mean: the deviation with n-1, over the root of n. None for less than two."""
    if len(values) < 2:
        return None
    if all_same(values):  # rounding would leave something that is not 0
        return 0.0
    center = mean(values)
    squares = fsum((float(value) - center) ** 2 for value in values)
    return sqrt(squares / (len(values) - 1) / len(values))


def interval(rates: Sequence[Fraction], level: float = LEVEL) -> Interval:
    """Compute an interval for the mean of the population that problems with these rates were drawn from.

    It is the t interval of the log-odds. So it stays between 0 and 1, and it covers where rates are near an end and
    skewed. The plain t interval covers 90 % there where it promises 95 % (`benchmarks/coverage.py`).

    Args:
        rates: the share of right samples of each problem, 0 to 1; at least one.
    """
    if all_same(rates):
        return around_equal_values(float(rates[0]), len(rates), 0.0, 1.0, level)
    center = mean(rates)
    odds = log(center / (1 - center))
    # The derivative of the log-odds turns the error of the mean into theirs.
    error = standard_error(rates) or 0.0
    reach = t_quantile(len(rates), level) * error / (center * (1 - center))
    return _share(odds - reach), _share(odds + reach)


def around_equal_values(value: float, problems: int, lowest: float, highest: float, level: float) -> Interval:
    """Compute an interval for a mean where all problems have one value: 0 of 150 is not 0 plus or minus 0.

    At most the share `unseen` of the population has another value. It may be as far away as `lowest` or `highest`.
    Where all answers are wrong, or all right, this is Wilson's interval for as many trials as there are problems.
    """
    share = unseen(problems, level)
    return value + share * (lowest - value), value + share * (highest - value)


def unseen(problems: int, level: float = LEVEL) -> float:
    """Compute how much of a population may differ from problems that are all the same: Wilson's bound for 0 of them."""
    z = float(ndtri((1 + level) / 2))
    return z**2 / (problems + z**2)


def t_quantile(problems: int, level: float = LEVEL) -> float:
    """Compute how many standard errors an interval reaches to each side."""
    return float(stdtrit(problems - 1, (1 + level) / 2))


def all_same(values: Sequence[Fraction]) -> bool:
    """Say whether all values are equal, exactly."""
    return all(value == values[0] for value in values)


def _share(odds: float) -> float:
    # exp of a large number overflows, of a small one it does not.
    if odds > 0:
        return 1 / (1 + exp(-odds))
    return exp(odds) / (1 + exp(odds))
