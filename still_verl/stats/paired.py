"""The paired comparison of two models on the same problems, as figures and as a verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from still_verl.stats.equivalence import equivalence_p
from still_verl.stats.interval import (
    LEVEL,
    Interval,
    all_same,
    around_equal_values,
    mean,
    standard_error,
    t_quantile,
)
from still_verl.stats.power import detectable_effect
from still_verl.stats.sign_flips import sign_flip_test

MARGIN = 0.05  # a difference that is called none, unless somebody states another
BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"


@dataclass(frozen=True)
class Comparison:
    """The first model against the second. Differences are first minus second, as shares.

    Attributes:
        problems: that both models have samples of; only they count.
        stderr: of the difference, clustered by problem; None for one problem.
        interval: of the difference, 95 %.
        p: of the sign-flip test, two-sided, ties by half; `method` says whether it is exact.
        p_conservative: the same with ties counted wholly.
        p_holm: `p`, corrected for all benchmarks that were compared at once.
        detectable: the true difference that this comparison finds in 80 of 100 cases. None where all problems have the
            same difference, so that nothing is known of the deviation.
        margin: of the test of equality, whose p value is `p_equal`.
        unpaired: problems that only one of the models has samples of, by name.
    """

    problems: int
    difference: float
    stderr: float | None
    interval: Interval
    p: float
    p_conservative: float
    method: str
    p_holm: float
    detectable: float | None
    margin: float
    p_equal: float
    unpaired: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What the figures say of the first model: better, worse, equal within the margin, or cannot tell."""
        alpha = 1 - LEVEL
        if self.p_holm <= alpha and self.difference > 0:
            return BETTER
        if self.p_holm <= alpha and self.difference < 0:
            return WORSE
        if self.p_equal <= alpha:
            return f"equal within {100 * self.margin:g} points"
        return CANNOT_TELL


def compare_rates(
    first: Sequence[Fraction], second: Sequence[Fraction], margin: float = MARGIN, seed: int = 0
) -> Comparison:
    """Compare two models by the rates of the same problems, in the same order.

    Args:
        margin: below which the models are called equal, as a share.
        seed: of random signs, where the test cannot be exact.

    Raises:
        ValueError: there is no problem, the numbers of problems differ, or the margin is not between 0 and 1.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin={margin}: use a share between 0 and 1, e.g. 0.05 for 5 points")
    if not first:
        raise ValueError("no problem is in both: compare results of the same benchmark")
    differences = [one - other for one, other in zip(first, second, strict=True)]
    center, error = mean(differences), standard_error(differences)
    test = sign_flip_test(differences, seed)
    detectable = None
    if error:
        detectable = detectable_effect(error, len(differences))
    return Comparison(
        problems=len(differences),
        difference=center,
        stderr=error,
        interval=_interval(differences),
        p=test.p,
        p_conservative=test.p_conservative,
        method=test.method,
        p_holm=test.p,
        detectable=detectable,
        margin=margin,
        p_equal=equivalence_p(differences, margin),
    )


def _interval(differences: Sequence[Fraction]) -> Interval:
    center = mean(differences)
    if all_same(differences):
        return around_equal_values(center, len(differences), -1.0, 1.0, LEVEL)
    reach = t_quantile(len(differences)) * (standard_error(differences) or 0.0)
    return max(center - reach, -1.0), min(center + reach, 1.0)
