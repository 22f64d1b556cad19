"""Runs of two ways to train, against values computed by hand."""

import math

import pytest

from still_verl.stats.runs import compare_runs, from_error


def seeds(*values: float) -> dict[str, list[float]]:
    return {str(seed): [value] for seed, value in enumerate(values)}


def test_three_pairs_of_seeds_by_hand() -> None:
    """Differences 0.10, 0.12, 0.08: mean 0.10, deviation 0.02, error 0.02/sqrt(3) = 0.011547, t(2) = 4.302653."""
    found = compare_runs(seeds(0.60, 0.65, 0.55), seeds(0.50, 0.53, 0.47))
    assert found.difference == pytest.approx(0.10) and found.stderr == pytest.approx(0.011547, rel=1e-4)
    low, high = found.interval or (0, 0)
    assert (low, high) == (pytest.approx(0.10 - 0.049683, abs=1e-5), pytest.approx(0.10 + 0.049683, abs=1e-5))
    # t = 8.660254 with 2 degrees of freedom: p = 1 - t / sqrt(t^2 + 2).
    assert found.p == pytest.approx(1 - 8.660254 / math.sqrt(77), rel=1e-4) and found.method == "3 seeds, paired"


def test_pairs_that_hardly_differ_are_equal_within_the_margin() -> None:
    """Differences 0.00, 0.01, -0.01: error 0.0057735; (0.05 - 0) / error = 8.66, one-sided p half of the above."""
    found = compare_runs(seeds(0.50, 0.51, 0.49), seeds(0.50, 0.50, 0.50))
    assert found.p == pytest.approx(1.0) and found.p_equal == pytest.approx(
        (1 - 8.660254 / math.sqrt(77)) / 2, rel=1e-4
    )


def test_other_seeds_are_not_paired_and_use_welch() -> None:
    """Means 0.5 and 0.4, variances 0.0001 and 0.0004, three each: error sqrt(0.0005/3), freedom 2.9412."""
    found = compare_runs(seeds(0.49, 0.50, 0.51), {"7": [0.38], "8": [0.40], "9": [0.42]})
    assert found.difference == pytest.approx(0.1) and found.stderr == pytest.approx(math.sqrt(0.0005 / 3))
    low, high = found.interval or (0, 0)
    assert found.method == "3 and 3 runs, not paired"
    assert (high - low) / 2 == pytest.approx(3.2198 * math.sqrt(0.0005 / 3), rel=1e-3)  # t(0.975, 2.9412)


def test_seeds_without_a_deviation_prove_nothing() -> None:
    found = compare_runs(seeds(1.0, 1.0, 1.0), seeds(0.9, 0.9, 0.9))
    assert found.p == 1.0 and found.p_equal > 0.05 and found.interval and found.interval[0] < 0


def test_one_run_against_several_has_no_interval() -> None:
    found = compare_runs(seeds(0.5), {"1": [0.4], "2": [0.42]})
    assert found.interval is None and found.p == found.p_equal == 1.0


def test_the_error_of_two_runs_is_read_by_the_normal_distribution() -> None:
    found = from_error(0.1, 0.05, 0.05, "m")
    assert found.interval == (pytest.approx(0.1 - 0.097998, abs=1e-5), pytest.approx(0.197998, abs=1e-5))
    assert found.p == pytest.approx(0.0455, abs=1e-4)


def test_a_side_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="each side needs a run"):
        compare_runs({}, seeds(0.5))
