"""Where a curve of accuracy is heading: ScaleRL's sigmoid, fitted where there is enough of the curve.

Khatri et al. 2025 (arXiv 2510.13786) describe held-out accuracy over compute as
R(C) = R0 + (A - R0) / (1 + (Cmid / C) ** B): A is the ceiling, Cmid where half of the gain is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from still_verl.report.chart import Chart, Group
from still_verl.report.curves import rounded
from still_verl.report.figure import CURVES_HEIGHT, trace_of
from still_verl.report.run import Run
from still_verl.stats.interval import Interval, t_quantile

FEWEST = 8  # validations
RISE = 3.0  # how many deviations of the noise the lower end of the ceiling must be higher than the start
WIDEST = 0.3  # an interval of the ceiling that still says something
SHOWN = 60  # points of the line


@dataclass(frozen=True)
class Fit:
    """A sigmoid through the validations of a run.

    Attributes:
        ceiling: accuracy that it is heading for, with its 95 % interval.
        middle: the step at which half of the gain is made.
        x, y: the curve, to twice the last step.
    """

    ceiling: float
    interval: Interval
    middle: float
    x: np.ndarray
    y: np.ndarray


def sigmoid(step: np.ndarray, start: float, ceiling: float, middle: float, steepness: float) -> np.ndarray:
    """Compute accuracy at some steps; at step 0 it is `start`."""
    safe = np.maximum(step, 1e-9)
    return np.asarray(start + (ceiling - start) / (1 + (middle / safe) ** steepness))


def fit(points: Sequence[tuple[int, float]]) -> Fit | None:
    """Fit the sigmoid to (step, accuracy); None where there is too little of the curve to say where it ends.

    That is: fewer than 8 validations, no rise that is sure, half of the gain not made yet, or an interval of the
    ceiling that is wider than 30 points.
    """
    from scipy.optimize import curve_fit

    if len(points) < FEWEST:
        return None
    steps = np.array([step for step, _ in points], dtype=float)
    values = np.array([value for _, value in points])
    if not ((values >= 0) & (values <= 1)).all() or steps[-1] <= 0:
        return None
    last = steps[-1]
    guess = (values[0], values[-3:].mean(), last / 3, 1.5)
    bounds = ([0.0, 0.0, last / 1000, 0.3], [1.0, 1.0, 10 * last, 8.0])
    try:
        found, covariance = curve_fit(sigmoid, steps, values, np.clip(guess, *bounds), bounds=bounds, max_nfev=5000)
    except (RuntimeError, ValueError):  # it does not converge
        return None
    residual = float(np.std(values - sigmoid(steps, *found)))
    start, ceiling, middle, _ = (float(value) for value in found)
    error = float(np.sqrt(covariance[1, 1]))
    reach = t_quantile(len(points) - 3) * error
    if not np.isfinite(reach) or ceiling - reach - start < RISE * residual or middle > last or 2 * reach > WIDEST:
        return None
    x = np.linspace(steps[0], 2 * last, SHOWN)
    return Fit(ceiling, (max(ceiling - reach, 0.0), min(ceiling + reach, 1.0)), middle, x, sigmoid(x, *found))


def fit_of(run: Run) -> tuple[str, str, Fit] | None:
    """Return source, metric and fit of the first validations of a run that allow one."""
    for source, key in run.validations():
        found = fit(run.known(key))
        if found is not None:
            return source, key, found
    return None


def scaling_sentence(run: Run) -> str:
    """Say where the accuracy of a run is heading; nothing where that cannot be told."""
    found = fit_of(run)
    if found is None:
        return ""
    source, _, curve = found
    low, high = curve.interval
    return (
        f"If it goes on along ScaleRL's sigmoid, accuracy on {source} ends at {curve.ceiling:.1%} "
        f"[{low:.1%}, {high:.1%}]; half of the gain was made by step {curve.middle:.0f}."
    )


def scaling_chart(groups: Sequence[Group]) -> Chart | None:
    """Draw validations and the sigmoid through them, to twice the last step, for each run that allows it."""
    traces: list[dict[str, Any]] = []
    said = []
    for group in groups:
        for run in group.runs:
            found = fit_of(run)
            if found is not None:
                traces += _traces(group, run, *found)
                said.append(f"{run.name}: {found[2].ceiling:.1%}")
    if not traces:
        return None
    about = (
        "ScaleRL's sigmoid through the validations, to twice the last step; the bar at its end is the 95 % interval of "
        "the ceiling. It holds if nothing changes, and the noise of neighbouring validations is taken as independent."
    )
    layout = {"yaxis": {"tickformat": ".0%"}}
    description = f"Accuracy that each run is heading for: {'; '.join(said)}."
    figure = {"data": traces, "layout": layout}
    return Chart("Where accuracy is heading", about, figure, CURVES_HEIGHT, description)


def _traces(group: Group, run: Run, source: str, key: str, found: Fit) -> list[dict[str, Any]]:
    known = run.known(key)
    marker = {"color": group.color, "symbol": group.symbol, "size": 7}
    points = {"x": [step for step, _ in known], "y": [value for _, value in known], "mode": "markers", "marker": marker}
    line = {"color": group.color, "dash": "dash", "width": 2}
    curve = {"x": rounded(found.x), "y": rounded(found.y), "mode": "lines", "line": line}
    low, high = found.interval
    bar = {"type": "data", "symmetric": False, "array": [high - found.ceiling], "arrayminus": [found.ceiling - low]}
    end = {"x": [float(found.x[-1])], "y": [found.ceiling], "mode": "markers", "marker": marker, "error_y": bar}
    name = f"{run.name} · {source}"
    return [
        trace_of(group.name, name, "") | points,
        trace_of(group.name, f"{name}, sigmoid", "") | curve,
        trace_of(group.name, f"{name}, ceiling", "") | end,
    ]
