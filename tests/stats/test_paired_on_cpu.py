"""The paired comparison and its parts, against all signs, scipy and simulations."""

import random
from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from still_verl.stats import sign_flips
from still_verl.stats.equivalence import equivalence_p
from still_verl.stats.holm import holm
from still_verl.stats.paired import compare_rates
from still_verl.stats.power import detectable_effect, planned_error, power_of
from still_verl.stats.sign_flips import sign_flip_test


def all_signs(differences: list[Fraction]) -> tuple[float, float]:
    """The share of signs whose sum is farther than what was seen, with half of those as far, and with all of them."""
    seen = abs(sum(differences))
    sums = []
    for signs in product((-1, 1), repeat=len(differences)):
        sums.append(abs(sum(sign * value for sign, value in zip(signs, differences, strict=True))))
    farther, as_far = sum(each > seen for each in sums), sums.count(seen)
    return (farther + as_far / 2) / len(sums), (farther + as_far) / len(sums)


@pytest.mark.parametrize("seed", range(40))
def test_p_is_the_share_of_all_signs(seed: int) -> None:
    draw = random.Random(seed)
    samples = draw.choice([(5,), (16,), (5, 4), (64, 63, 61)])
    differences = [Fraction(draw.randint(-3, 4), draw.choice(samples)) for _ in range(draw.randint(1, 10))]
    by_half, wholly = all_signs(differences)
    if sum(differences) == 0:
        by_half = 1.0  # no difference in the mean is no evidence
    assert sign_flip_test(differences) == (pytest.approx(by_half), pytest.approx(wholly), "exact")


def test_counted_enumerated_and_drawn_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = [Fraction(number, 16) for number in (3, -1, 4, 1, -5, 9, 2, -6, 5, 3, 5, 8, 9, -7, 9)]
    counted = sign_flip_test(differences)
    monkeypatch.setattr(sign_flips, "ADDITIONS", 0)
    assert sign_flip_test(differences) == (pytest.approx(counted.p), pytest.approx(counted.p_conservative), "exact")
    monkeypatch.setattr(sign_flips, "ENUMERATED", 0)
    drawn = sign_flip_test(differences, seed=3)
    assert drawn.method == "100,000 sign flips, seed 3" and drawn[:2] == pytest.approx(counted[:2], abs=0.004)
    assert drawn == sign_flip_test(differences, seed=3) and drawn != sign_flip_test(differences, seed=4)


def test_shares_of_large_numbers_need_little_memory() -> None:
    """21 problems with as many different numbers of samples: no count of sums, and no way to try all signs."""
    primes = (101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199)
    differences = [Fraction(number, 1) / prime for number, prime in enumerate(primes, 1)]
    assert sign_flip_test(differences).method.startswith("100,000 sign flips")
    assert sign_flip_test(differences[:20]).method == "exact"
    assert sign_flip_test(differences).p < 1e-4


def test_five_problems_can_prove_nothing() -> None:
    assert sign_flip_test([Fraction(1)] * 5).p_conservative == 2 / 2**5
    assert sign_flip_test([Fraction(0)] * 5) == (1.0, 1.0, "exact")


def test_holm_is_what_the_textbook_says() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.9, 0.8]) == [1.0, 1.0]


def test_equivalence_is_two_one_sided_t_tests() -> None:
    differences = [Fraction(number, 64) for number in (1, -2, 0, 3, -1, 0, 2, -3, 1, 1)]
    values = np.array([float(value) for value in differences])
    low = stats.ttest_1samp(values, -0.05, alternative="greater").pvalue
    high = stats.ttest_1samp(values, 0.05, alternative="less").pvalue
    assert equivalence_p(differences, 0.05) == pytest.approx(max(low, high))


def test_no_difference_at_all_is_no_proof_of_equality() -> None:
    """With 30 problems, one of twenty that differs wholly is missed in 0.95^30 of the cases."""
    assert equivalence_p([Fraction(0)] * 30, 0.05) == pytest.approx(0.95**30)
    few = compare_rates([Fraction(1, 2)] * 30, [Fraction(1, 2)] * 30)
    many = compare_rates([Fraction(1, 2)] * 500, [Fraction(1, 2)] * 500)
    assert few.verdict == "cannot tell" and many.verdict == "equal within 5 points"
    assert few.interval == pytest.approx((-0.1135, 0.1135), abs=1e-4) and few.detectable is None
    assert equivalence_p([Fraction(1)] * 30, 0.05) == 1


def test_the_detectable_effect_is_found_in_80_of_100() -> None:
    effect = detectable_effect(0.02, 30)
    assert power_of(effect, 0.02, 30) == pytest.approx(0.8, abs=1e-4)
    assert effect / 0.02 == pytest.approx(stats.t.ppf(0.975, 29) + stats.t.ppf(0.8, 29), abs=0.02)
    assert power_of(0, 0.02, 30) == pytest.approx(0.05)


@pytest.mark.parametrize(("shape", "kurtosis"), [("laplace", 3.0), ("uniform", -1.2), ("normal", 0.0)])
@pytest.mark.parametrize("away", [1.5, 1.8, 2.5])
def test_the_power_is_that_of_students_test_also_with_other_tails(shape: str, kurtosis: float, away: float) -> None:
    differences = getattr(np.random.default_rng(7), shape)(size=(60_000, 30))
    differences = (differences - differences.mean()) / differences.std() + away / 30**0.5
    found = (stats.ttest_1samp(differences, 0, axis=1).pvalue <= 0.05).mean()
    assert power_of(away, 1, 30, kurtosis=kurtosis) == pytest.approx(found, abs=0.015)


def test_a_kurtosis_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="above -2"):
        power_of(1, 1, 30, kurtosis=-2)


@pytest.mark.parametrize("problems", [2, 3, 5, 30, 10_000])
def test_the_detectable_effect_of_any_number_of_problems(problems: int) -> None:
    assert power_of(detectable_effect(1, problems), 1, problems) == pytest.approx(0.8, abs=1e-4)


def test_the_planned_error_is_the_one_that_comes() -> None:
    draw = np.random.default_rng(0)
    rates = draw.beta(1, 2, 2000)
    ours, theirs = draw.binomial(5, rates) / 5, draw.binomial(5, rates) / 5
    planned = planned_error(2000, 5, float(np.mean(rates * (1 - rates))))
    assert np.std(ours - theirs, ddof=1) / sqrt(2000) == pytest.approx(planned, rel=0.05)


def test_better_worse_and_back() -> None:
    strong = [Fraction(4, 5)] * 15 + [Fraction(1, 5)] * 15
    weak = [Fraction(2, 5)] * 15 + [Fraction(0)] * 15
    ahead, behind = compare_rates(strong, weak), compare_rates(weak, strong)
    assert (ahead.verdict, behind.verdict) == ("better", "worse")
    assert ahead.difference == pytest.approx(0.3) and behind.interval == pytest.approx(
        (-ahead.interval[1], -ahead.interval[0])
    )


@pytest.mark.parametrize("margin", [0, -0.1, 1, 5, float("nan")])
def test_a_margin_that_is_no_share_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="use a share between 0 and 1"):
        compare_rates([Fraction(1)], [Fraction(1)], margin=margin)


def test_other_numbers_of_problems_are_refused() -> None:
    with pytest.raises(ValueError):
        compare_rates([Fraction(1)], [Fraction(1), Fraction(0)])
    with pytest.raises(ValueError, match="no problem is in both"):
        compare_rates([], [])
