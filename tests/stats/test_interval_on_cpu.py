"""Standard errors and intervals."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from still_verl.stats.interval import interval, mean, standard_error


def rates(*right: int, of: int) -> list[Fraction]:
    return [Fraction(count, of) for count in right]


def test_the_error_is_clustered_by_problem() -> None:
    """Thirty problems that are always or never solved are thirty observations, however many samples each has."""
    values = rates(*[5] * 10, *[0] * 20, of=5)
    assert standard_error(values) == pytest.approx(sqrt(np.var([1] * 10 + [0] * 20, ddof=1) / 30))
    assert standard_error(values) > 1.5 * sqrt(1 / 3 * 2 / 3 / 150)


def test_one_problem_has_no_error() -> None:
    assert standard_error(rates(2, of=5)) is None
    low, high = interval(rates(2, of=5))
    assert low < 0.1 and high > 0.8


@pytest.mark.parametrize("problems", [1, 30, 150, 500])
def test_nothing_right_is_wilsons_interval(problems: int) -> None:
    wilson = stats.binomtest(0, problems).proportion_ci(method="wilson")
    assert interval(rates(*[0] * problems, of=5)) == pytest.approx((0, wilson.high))
    assert interval(rates(*[5] * problems, of=5)) == pytest.approx((1 - wilson.high, 1))
    assert standard_error(rates(*[0] * max(problems, 2), of=5)) == 0


def test_equal_rates_are_not_certain() -> None:
    low, high = interval(rates(*[2] * 30, of=5))
    assert 0.3 < low < 0.36 and 0.44 < high < 0.5


def test_an_interval_is_within_0_and_1_and_is_mirrored() -> None:
    few = rates(1, *[0] * 29, of=5)
    many = [1 - rate for rate in few]
    low, high = interval(few)
    assert 0 < low < mean(few) < high < 0.06
    assert interval(many) == pytest.approx((1 - high, 1 - low))


def test_half_is_nearly_the_t_interval() -> None:
    values = rates(*range(6), *range(6), *range(6), *range(6), *range(6), of=5)
    plain = stats.t.interval(0.95, 29, loc=0.5, scale=standard_error(values))
    assert interval(values) == pytest.approx(plain, abs=0.005)


@pytest.mark.parametrize("center", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("k", [5, 16])
def test_it_covers_as_often_as_it_says(center: float, k: int) -> None:
    """1,000 benchmarks each; `benchmarks/coverage.py` has 10,000 of each kind."""
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(1000):
        right = random.binomial(k, random.beta(2 * center, 2 * (1 - center), 30))
        low, high = interval(rates(*right.tolist(), of=k))
        covered += low <= center <= high
    assert 920 <= covered <= 980
