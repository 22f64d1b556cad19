"""The fitted spread of pass rates, against distributions that the samples were drawn from."""

import numpy as np
import pytest

from still_verl.stats.beta_binomial import LARGEST, SMALLEST, Spread, fit


@pytest.mark.parametrize(("a", "b"), [(0.3, 1.0), (0.2, 0.2), (1.0, 1.0), (2.0, 8.0), (4.0, 16.0)])
@pytest.mark.parametrize("size", [4, 16])
def test_the_spread_is_found(a: float, b: float, size: int) -> None:
    chance = np.random.default_rng(0)
    right = chance.binomial(size, chance.beta(a, b, 20_000))
    found = fit(right, np.full(20_000, size), rounds=2000)
    assert found.a == pytest.approx(a, rel=0.15) and found.b == pytest.approx(b, rel=0.15)


def test_what_has_no_best_fit_stays_within_bounds() -> None:
    for right in (np.zeros(5), np.full(5, 8.0)):
        found = fit(right, np.full(5, 8.0), rounds=1000)
        assert all(SMALLEST <= value <= LARGEST for value in found)
    assert fit(np.zeros(3), np.zeros(3), Spread(2, 3)) == Spread(2, 3)
