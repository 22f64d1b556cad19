"""Series as the points of a line: smoothed, thinned, rounded."""

import math
from typing import Any

import numpy as np

from still_verl.report.read import Run

POINTS = 500  # of one line at most
SMOOTHED = 25  # the window of smoothing is this part of a run


def arrays(run: Run, key: str) -> tuple[np.ndarray, np.ndarray]:
    values = run.series[key]
    return np.array(list(values)), np.array([math.nan if v is None else v for v in values.values()])


def smooth(values: np.ndarray) -> np.ndarray:
    """Centred moving average over a 25th of the run, over less at the ends; NaN stays NaN and is in no mean."""
    half = max(1, len(values) // SMOOTHED // 2)
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    means = (sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1)
    return np.where(known, means, math.nan)


def thin(steps: np.ndarray, values: np.ndarray, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most `points` of a line: the lowest and the highest of each stretch, so that no spike is lost."""
    if len(values) <= points:
        return steps, values
    kept: set[int] = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), points // 2 - 1):
        known = part[np.isfinite(values[part])]
        kept |= (
            {int(known[values[known].argmin()]), int(known[values[known].argmax()])} if len(known) else {int(part[0])}
        )
    order = sorted(kept)
    return steps[order], values[order]


def every(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    index = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS)).round().astype(int))
    return steps[index], values[index]


def xy(steps: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    return {"x": steps.tolist(), "y": rounded(values)}


def rounded(values: np.ndarray) -> list[float | None]:
    """Five digits draw the same curve in half the bytes; a gap where there is no number."""
    return [float(f"{value:.5g}") if math.isfinite(value) else None for value in values.tolist()]


def number(value: float, share: bool = False) -> str:
    """A figure for people: percent, or four digits."""
    return f"{value:.1%}" if share else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
