"""What a paired comparison can see: the smallest difference, the chance to find one, and the error to plan with."""

from math import sqrt

from scipy.special import nctdtr, nctdtrinc

from still_verl.stats.interval import LEVEL, t_quantile

POWER = 0.8  # the chance with which a detectable difference is found


def detectable_effect(error: float, problems: int, power: float = POWER, level: float = LEVEL) -> float:
    """Compute the smallest true difference that a two-sided paired test of this level finds with this chance.

    Args:
        error: the standard error of the difference, in the unit of the result.
        problems: at least 2.
    """
    quantile = t_quantile(problems, level)
    # How many errors the truth must be away from 0, by the noncentral t distribution.
    return error * float(nctdtrinc(problems - 1, 1 - power, quantile))


def power_of(effect: float, error: float, problems: int, level: float = LEVEL, kurtosis: float = 0.0) -> float:
    """Compute the chance that a paired t test calls a true difference of `effect` significant, on either side.

    Args:
        effect: the true difference, in the unit of `error`.
        error: its standard error.
        problems: at least 2.
        kurtosis: the excess kurtosis of the differences of problems, where it is known: 0 for a normal distribution,
            above 0 where few problems differ much and most not at all. With it the error that a test finds is as
            uncertain as that of fewer problems, and is more often found too small.

    Raises:
        ValueError: no distribution has this kurtosis.
    """
    if kurtosis <= -2:
        raise ValueError(f"kurtosis={kurtosis:g}: use an excess kurtosis above -2; 0 is that of a normal distribution")
    quantile = t_quantile(problems, level)
    away = abs(effect) / error
    # The variance of a sample variance, over its square, is 2 / freedom for a normal distribution (Box, 1953).
    freedom = 2 * (problems - 1) / (2 + kurtosis)
    below = float(nctdtr(freedom, away, quantile))
    # On the wrong side, as the mirrored distribution: scipy has no value for a far negative point.
    wrong_side = 1 - float(nctdtr(freedom, -away, quantile))
    return 1 - below + wrong_side


def planned_error(problems: int, samples: int, within: float, between: float = 0.0) -> float:
    """Compute the standard error that the difference of two models will have.

    Args:
        problems: of the benchmark.
        samples: of each problem, from each model.
        within: the mean over problems of p (1 - p), where p is the rate of a problem; the mean of both models.
        between: the variance over problems of the true difference. 0 is the kindest case: the better model is better
            by the same amount on each problem.
    """
    return sqrt((between + 2 * within / samples) / problems)
