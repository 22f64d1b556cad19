"""The sign-flip permutation test: could differences like these come from two models that are equally good?

If they are, each problem's difference is as likely as its negative. The p value is the share of all ways to choose the
signs whose sum is as far from 0 as the sum that was seen, or farther. It assumes no distribution.

Differences of k samples are multiples of 1/k, so many sums are exactly as far as the one that was seen. Counted wholly,
these ties make a test that promises 5 % of false alarms give 1 to 4 %, and find too little. Counted by half (the mid-p
value) it gives 4 to 5.5 %, see `benchmarks/coverage.py`. For one sample a problem this is the mid-p test of McNemar,
which Fagerland, Lydersen and Laake recommend (2013, doi 10.1186/1471-2288-13-91).
"""

from collections.abc import Sequence
from fractions import Fraction
from math import fsum, gcd, lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ENUMERATED = 20  # differences, at most, of which all 2^n signs are tried one by one
LARGEST_SUM = 2**22  # of the exact count, at most: 32 MB
ADDITIONS = 2**30  # of the exact count, at most: about a second
DRAWS = 100_000  # random signs where neither is possible
DRAWS_AT_ONCE = 1_000

PValues = tuple[float, float]  # ties by half, ties wholly
Floats = NDArray[np.float64]


class SignFlips(NamedTuple):
    """The result of the test.

    Attributes:
        p: two-sided; ties count by half.
        p_conservative: the same with ties counted wholly: never too small, whatever the number of problems.
        method: how they were found: `exact`, or with how many random signs and from which seed.
    """

    p: float
    p_conservative: float
    method: str


def sign_flip_test(differences: Sequence[Fraction], seed: int = 0) -> SignFlips:
    """Compute the p values of the mean difference of problems.

    It is exact where the differences are multiples of one not too small share, as they are for samples of the same
    number, and where at most 20 of them are not 0. Otherwise signs are drawn.
    """
    differing = [difference for difference in differences if difference]
    if sum(differing) == 0:
        return SignFlips(1.0, 1.0, "exact")
    whole = whole_numbers(differing)
    total = sum(map(abs, whole))
    if total <= LARGEST_SUM and total * len(whole) <= ADDITIONS:
        return SignFlips(*_counted(whole), "exact")
    if len(differing) <= ENUMERATED:
        return SignFlips(*_enumerated(differing), "exact")
    return SignFlips(*_drawn(differing, seed), f"{DRAWS:,} sign flips, seed {seed}")


def whole_numbers(values: Sequence[Fraction]) -> list[int]:
    """Multiply fractions by the smallest number that makes all of them whole, and divide by what they share."""
    scale = lcm(*(value.denominator for value in values))
    whole = [int(value * scale) for value in values]
    shared = gcd(*whole)
    return [value // shared for value in whole]


def _counted(whole: Sequence[int]) -> PValues:
    """Find the distribution of the sum by adding one number after the other.

    With random signs the sum is twice the sum of the positive ones, minus the total: so sums of subsets are enough.
    """
    total = sum(map(abs, whole))
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for number in map(abs, whole):
        with_it = chance[: total + 1 - number].copy()
        chance /= 2
        chance[number:] += with_it / 2
    # |2 s - total| = |sum|. Both sides have the same chance.
    seen = (total + abs(sum(whole))) // 2
    return _p_values(2 * float(chance[seen + 1 :].sum()), 2 * float(chance[seen]))


def _enumerated(differences: Sequence[Fraction]) -> PValues:
    sums = np.zeros(1)
    for difference in map(float, differences):
        sums = np.concatenate([sums + difference, sums - difference])
    farther, ties = _compared(sums, differences)
    return _p_values(farther / len(sums), ties / len(sums))


def _drawn(differences: Sequence[Fraction], seed: int) -> PValues:
    """Draw signs. Those that were seen count as one draw, so that p is never 0."""
    random = np.random.default_rng(seed)
    values = np.array([abs(float(difference)) for difference in differences])
    farther = 0
    ties = 1  # the signs that were seen
    for _ in range(DRAWS // DRAWS_AT_ONCE):
        positive = random.integers(0, 2, size=(DRAWS_AT_ONCE, len(values)), dtype=np.int8)
        # Twice the sum of the positive ones, minus that of all.
        more = _compared(2 * (positive @ values) - values.sum(), differences)
        farther, ties = farther + more[0], ties + more[1]
    return _p_values(farther / (1 + DRAWS), ties / (1 + DRAWS))


def _compared(sums: Floats, differences: Sequence[Fraction]) -> tuple[int, int]:
    """Count the sums that are farther from 0 than the one that was seen, and those that are as far."""
    seen = abs(fsum(map(float, differences)))
    rounding = 1e-12 * len(differences)
    farther = int((np.abs(sums) > seen + rounding).sum())
    as_far = int((np.abs(sums) >= seen - rounding).sum())
    return farther, as_far - farther


def _p_values(farther: float, ties: float) -> PValues:
    return min(farther + ties / 2, 1.0), min(farther + ties, 1.0)
