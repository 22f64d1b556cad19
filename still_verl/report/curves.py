"""Series as the points of a line: smoothed, thinned, rounded."""

import math
from typing import Any

import numpy as np

from still_verl.report.run import Run

POINTS = 500  # of one line at most
SMOOTHED = 25  # the window of smoothing is this part of a run


def arrays(run: Run, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps and the values of a metric, each of shape (points,); NaN where there is no number.

    Raises:
        KeyError: the run has no such metric.
    """
    values = run.series[key]
    return np.array(list(values)), np.array(list(values.values()), dtype=float)  # numpy reads None as NaN


def smooth(values: np.ndarray) -> np.ndarray:
    """Return the centred moving average of values, in their shape.

    The window is a 25th of the run, and less at the ends. NaN stays NaN and counts in no average.
    """
    half = max(1, len(values) // SMOOTHED // 2)
    known = np.isfinite(values)
    # Sums of windows as differences of running sums: linear in the length, whatever the window is.
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    means = (sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1)
    return np.where(known, means, math.nan)


def thin(steps: np.ndarray, values: np.ndarray, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most `points` of a line: the lowest and the highest of each stretch, so that no spike is lost."""
    if len(values) <= points:
        return steps, values
    kept = {0, len(values) - 1}
    for stretch in np.array_split(np.arange(len(values)), points // 2 - 1):
        known = stretch[np.isfinite(values[stretch])]
        if len(known):
            kept.add(int(known[values[known].argmin()]))
            kept.add(int(known[values[known].argmax()]))
        else:
            kept.add(int(stretch[0]))  # one point that is NaN keeps the gap
    order = sorted(kept)
    return steps[order], values[order]


def thin_evenly(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most `POINTS` of a line, evenly spread: enough for a line that has been smoothed."""
    count = min(len(values), POINTS)
    index = np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))
    return steps[index], values[index]


def xy(steps: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    """Return the points of a line as plotly takes them."""
    return {"x": steps.tolist(), "y": rounded(values)}


def rounded(values: np.ndarray) -> list[float | None]:
    """Round to five digits, which draw the same curve in half the bytes; None, a gap, where there is no number."""
    short: list[float | None] = []
    for value in values.tolist():
        if math.isfinite(value):
            short.append(float(f"{value:.5g}"))
        else:
            short.append(None)
    return short


def number(value: float, share: bool = False) -> str:
    """Write a figure for people: a share in percent, anything else with four digits or as a whole number.

    Example:
        >>> number(0.25, share=True), number(0.123456), number(12345.6)
        ('25.0%', '0.1235', '12,346')
    """
    if share:
        return f"{value:.1%}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
