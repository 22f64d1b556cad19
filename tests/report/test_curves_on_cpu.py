"""What becomes of a series on its way into a chart."""

import math

import numpy as np
import pytest

from still_verl.report.curves import POINTS, smooth, thin


def test_thinning_keeps_spikes_gaps_and_both_ends() -> None:
    values = np.sin(np.arange(5000) / 50)
    values[1234], values[4321] = 40.0, -40.0
    values[2000:2100] = math.nan
    steps, kept = thin(np.arange(5000), values)
    assert len(kept) <= POINTS and (steps[0], steps[-1]) == (0, 4999) and (np.diff(steps) > 0).all()
    assert np.nanmax(kept) == 40 and np.nanmin(kept) == -40 and np.isnan(kept).any()


def test_smoothing_keeps_a_straight_line_and_gaps() -> None:
    line = np.arange(200.0)
    assert smooth(line)[10:-10] == pytest.approx(line[10:-10])
    line[50] = math.nan
    smoothed = smooth(line)
    assert math.isnan(smoothed[50]) and np.isfinite(np.delete(smoothed, 50)).all()
