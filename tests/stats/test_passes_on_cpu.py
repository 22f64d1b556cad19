"""pass@k and pass^k, against all subsets and against exact fractions."""

from fractions import Fraction
from itertools import combinations
from math import comb

import pytest

from still_verl.stats.passes import pass_all, pass_at, sizes


@pytest.mark.parametrize("samples", range(1, 13))
def test_they_are_the_mean_over_all_subsets(samples: int) -> None:
    for right in range(samples + 1):
        judged = [index < right for index in range(samples)]
        for k in range(1, samples + 1):
            subsets = list(combinations(judged, k))
            assert pass_at(samples, right, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-15)
            assert pass_all(samples, right, k) == pytest.approx(sum(map(all, subsets)) / len(subsets), abs=1e-15)


def falling(top: int, samples: int, k: int) -> Fraction:
    """C(top, k) / C(samples, k) in another way: one factor for each draw."""
    share = Fraction(1)
    for drawn in range(k):
        share *= Fraction(max(top - drawn, 0), samples - drawn)
    return share


@pytest.mark.parametrize("right", [0, 1, 2, 100, 512, 1000, 1023, 1024])
@pytest.mark.parametrize("k", [1, 2, 64, 511, 512, 513, 1023, 1024])
def test_a_thousand_samples_do_not_overflow(right: int, k: int) -> None:
    assert pass_at(1024, right, k) == pytest.approx(float(1 - falling(1024 - right, 1024, k)), abs=1e-12, rel=1e-12)
    assert pass_all(1024, right, k) == pytest.approx(float(falling(right, 1024, k)), abs=1e-12, rel=1e-12)


def test_subsets_that_no_float_can_count() -> None:
    assert comb(5000, 2500) > 10**1000
    assert pass_at(5000, 1, 2500) == 0.5


def test_one_right_of_four_is_found_by_four() -> None:
    """Drawn with replacement, it would be 0.684."""
    assert pass_at(4, 1, 4) == 1


def test_four_samples_say_nothing_of_sixty_four() -> None:
    assert pass_at(4, 4, 64) is None and pass_all(4, 4, 64) is None


@pytest.mark.parametrize("counts", [(4, 5, 1), (4, -1, 1), (4, 1, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    for figure in (pass_at, pass_all):
        with pytest.raises(ValueError, match="use"):
            figure(*counts)


def test_every_size_up_to_64_then_powers_of_two() -> None:
    assert sizes(64) == list(range(1, 65))
    assert sizes(1024)[64:] == [128, 256, 512, 1024] and sizes(128)[64:] == [128]
