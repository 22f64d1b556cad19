"""Two one-sided tests (TOST): are two models equal, within a margin?

No difference that was found is not a proof of equality. Here the margin is the null hypothesis: a small p value says
that the true difference is smaller than it, on both sides.
"""

from collections.abc import Sequence
from fractions import Fraction

from scipy.special import stdtr

from still_verl.stats.interval import all_same, mean, standard_error


def equivalence_p(differences: Sequence[Fraction], margin: float) -> float:
    """Compute the p value of the claim that the mean difference is less than `margin` on both sides.

    Args:
        differences: of the problems, -1 to 1; at least one.
        margin: a share, above 0.
    """
    center = mean(differences)
    if abs(center) >= margin:
        return 1.0
    if all_same(differences):
        return _of_equal_values(center, len(differences), margin)
    error = standard_error(differences) or 0.0
    nearest = (margin - abs(center)) / error
    return float(stdtr(len(differences) - 1, -nearest))


def _of_equal_values(value: float, problems: int, margin: float) -> float:
    """Test where the differences have no deviation: by the chance to see none of the problems that differ.

    To move the mean of the population to the margin, a share of its problems must be as far away as possible.
    """
    above = (margin - value) / (1 - value)
    below = (value + margin) / (1 + value)
    return float((1 - min(above, below, 1.0)) ** problems)
