"""The sign-flip permutation test: could differences like these come from two models that are equally good?

If they are, each problem's difference is as likely as its negative. The p value is the share of all ways to choose the
signs whose sum is at least as far from 0 as the sum that was seen. It assumes no distribution.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import fsum, gcd, lcm
from typing import NamedTuple

import numpy as np

ENUMERATED = 20  # differences, at most, of which all 2^n signs are tried one by one
CELLS = 2**30  # additions of the exact count, at most: about a second
DRAWS = 100_000  # random signs where neither is possible
DRAWS_AT_ONCE = 1_000


class SignFlips(NamedTuple):
    """A p value, and how it was found: `exact`, or with how many random signs and from which seed."""

    p: float
    method: str


def sign_flip_test(differences: Sequence[Fraction], seed: int = 0) -> SignFlips:
    """Compute the two-sided p value of the mean difference of problems.

    It is exact where the differences are multiples of one not too small share, as they are for samples of the same
    number, and where at most 20 of them are not 0. Otherwise signs are drawn.
    """
    differing = [difference for difference in differences if difference]
    if sum(differing) == 0:
        return SignFlips(1.0, "exact")
    whole = whole_numbers(differing)
    if len(whole) * sum(map(abs, whole)) <= CELLS:
        return SignFlips(_counted(whole), "exact")
    if len(differing) <= ENUMERATED:
        return SignFlips(_enumerated(differing), "exact")
    return SignFlips(_drawn(differing, seed), f"{DRAWS:,} sign flips, seed {seed}")


def whole_numbers(values: Sequence[Fraction]) -> list[int]:
    """Multiply fractions by the smallest number that makes all of them whole, and divide by what they share."""
    scale = lcm(*(value.denominator for value in values))
    whole = [int(value * scale) for value in values]
    shared = gcd(*whole)
    return [value // shared for value in whole]


def _counted(whole: Sequence[int]) -> float:
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
    # |2 s - total| >= |sum|. Both sides have the same chance.
    least = (total + abs(sum(whole))) // 2
    return min(2 * float(chance[least:].sum()), 1.0)


def _enumerated(differences: Sequence[Fraction]) -> float:
    sums = np.zeros(1)
    for difference in map(float, differences):
        sums = np.concatenate([sums + difference, sums - difference])
    return float(_as_far(sums, differences).mean())


def _drawn(differences: Sequence[Fraction], seed: int) -> float:
    """Draw signs. The signs that were seen count as one draw, so that p is never 0."""
    random = np.random.default_rng(seed)
    values = np.array([abs(float(difference)) for difference in differences])
    hits = 0
    for _ in range(DRAWS // DRAWS_AT_ONCE):
        positive = random.integers(0, 2, size=(DRAWS_AT_ONCE, len(values)), dtype=np.int8)
        # Twice the sum of the positive ones, minus that of all.
        hits += int(_as_far(2 * (positive @ values) - values.sum(), differences).sum())
    return (1 + hits) / (1 + DRAWS)


def _as_far(sums: np.ndarray, differences: Sequence[Fraction]) -> np.ndarray:
    """Say which sums are at least as far from 0 as the one that was seen, but for rounding."""
    seen = abs(fsum(map(float, differences)))
    rounding = 1e-12 * len(differences)
    return np.abs(sums) >= seen - rounding
