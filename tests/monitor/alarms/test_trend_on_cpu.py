import numpy as np
import pytest

from still_verl.monitor.alarms.trend import ends, fold, trend

RNG = np.random.default_rng(0)


def test_the_slope_and_score_of_a_small_series_by_hand() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 100])
    found = trend(values)
    assert found.change == pytest.approx(9)  # one outlier does not move it
    assert found.z > 0 and trend(-values).z == -found.z


def test_without_correlation_it_is_the_textbook_z() -> None:
    """n=10, S=45-2 for one swapped pair: 42 / sqrt(125), where the residuals are not correlated."""
    values = np.array([2.0, 1, 3, 4, 5, 6, 7, 8, 9, 10])
    assert trend(values).z == pytest.approx((43 - 1) / np.sqrt(10 * 9 * 25 / 18), rel=0.3)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_noise_is_seldom_called_a_trend(correlation: float) -> None:
    """3.1 standard deviations either way are 0.2 % of normal noise; correlated noise must not make that many more."""
    noise = RNG.standard_normal((4000, 60))
    for step in range(1, 60):
        noise[:, step] += correlation * noise[:, step - 1]
    assert (abs(trend(noise).z) > 3.1).mean() < 0.01


def test_a_trend_in_noise_is_found() -> None:
    rising = np.arange(60) * 0.05 + RNG.standard_normal((500, 60))
    found = trend(rising)
    assert (found.z > 3.1).mean() > 0.95
    assert np.median(found.change) == pytest.approx(59 * 0.05, rel=0.1)


def test_a_constant_has_none() -> None:
    assert trend(np.ones(30)).z == 0 == trend(np.ones(30)).change


def test_folding_takes_a_line_away_and_keeps_a_bend() -> None:
    steps = np.arange(21.0)
    assert fold(3 * steps + 1) == pytest.approx(np.full(10, 31.0))
    assert (np.diff(fold(steps**2)) > 0).all() and (np.diff(fold(np.sqrt(steps))) < 0).all()
    assert [float(end) for end in ends(steps)] == [1.5, 18.5]
