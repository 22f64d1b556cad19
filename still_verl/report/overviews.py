"""The charts that show a run as a whole: its alarms, and its way through length and accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from still_verl.monitor.metric_names import ACCURACY, LENGTH
from still_verl.report.chart import Chart, Group
from still_verl.report.curves import POINTS, rounded, smooth
from still_verl.report.figure import ALARM_COLOR, CURVES_HEIGHT, trace_of
from still_verl.report.run import Run, Stretch

PATH_POINTS = 12  # of a run in length against accuracy
LEAST_TOKENS, LEAST_SHARE = 0.25, 0.1  # that the axes show: of the mean length, and of accuracy


def alarm_chart(runs: Sequence[Run]) -> Chart | None:
    """Draw a row for each alarm of each run, with a mark for each step in which it was active."""
    traces = []
    names = []
    for run in runs:
        for alarm, stretches in run.alarms().items():
            name = alarm.replace("_", " ")
            if len(runs) > 1:
                name = f"{run.name} · {name}"
            names.append(name)
            steps = _marks(stretches)
            marker = {"symbol": "square", "size": 9, "color": ALARM_COLOR}
            look = {"mode": "markers", "marker": marker}
            traces.append(trace_of(run.name, name, "") | look | {"x": steps, "y": [name] * len(steps)})
    if not traces:
        return None
    first = min(run.steps[0] for run in runs if run.steps)
    last = max(run.steps[-1] for run in runs if run.steps)
    layout = {"xaxis": {"range": [first - 0.5, last + 0.5]}, "yaxis": {"range": [-0.6, len(traces) - 0.4]}}
    about = "A mark for each step in which an alarm was active. The same steps are shaded in every chart."
    height = 64 + 30 * len(traces)
    description = f"Alarms over time: {', '.join(names)}"
    return Chart("Alarms", about, {"data": traces, "layout": layout}, height, description)


def _marks(stretches: Sequence[Stretch]) -> list[int]:
    """Return the steps to mark; of a stretch of more than `POINTS` steps only its ends."""
    steps: list[int] = []
    for first, last in stretches:
        if last - first > POINTS:
            steps += [first, last]
        else:
            steps += range(first, last + 1)
    return steps[:POINTS]


def length_against_accuracy(groups: Sequence[Group]) -> Chart | None:
    """Draw where each run went: stretches of steps as points, joined in order, from faint to full colour."""
    traces = []
    names = []
    points: list[np.ndarray] = []
    for group in groups:
        for run in group.runs:
            means = _path(run)
            if means is None:
                continue
            points.append(means)
            traces.append(_trace(group, run, means))
            names.append(run.name)
    if not traces:
        return None
    everything = np.concatenate(points)
    tokens, accuracies = everything[:, 1], everything[:, 2]
    layout = {
        "xaxis": {"title": {"text": "tokens of a response"}, "range": _range(tokens, LEAST_TOKENS * tokens.mean())},
        "yaxis": {"tickformat": ".0%", "range": _range(accuracies, LEAST_SHARE)},
        "hovermode": "closest",
    }
    about = (
        "Each point is the smoothed mean of some steps of training, early ones faint. To the right and not upwards is "
        "length for nothing."
    )
    description = f"Accuracy over the length of responses, a path for {', '.join(names)}"
    figure = {"data": traces, "layout": layout}
    return Chart("Length against accuracy", about, figure, CURVES_HEIGHT + 20, description)


def _range(values: np.ndarray, least: float) -> list[float]:
    """Return the ends of an axis. It shows more than the values where they hardly differ: else noise fills it."""
    low, high = float(values.min()), float(values.max())
    middle, width = (low + high) / 2, max(high - low, least) * 1.1
    return [middle - width / 2, middle + width / 2]


def _path(run: Run) -> np.ndarray | None:
    """Return (step, tokens, accuracy) of stretches of a run; None where there are fewer than two."""
    both = np.array(_lengths_and_accuracies(run))
    if len(both) < 2:
        return None
    for column in (1, 2):
        both[:, column] = smooth(both[:, column])
    groups = np.array_split(both, min(len(both), PATH_POINTS))
    return np.array([group.mean(axis=0) for group in groups])


def _trace(group: Group, run: Run, means: np.ndarray) -> dict[str, Any]:
    opacity = np.linspace(0.25, 1, len(means)).round(2).tolist()
    look = {
        "mode": "lines+markers",
        "line": {"color": group.color, "width": 1},
        "marker": {"color": group.color, "size": 9, "opacity": opacity, "symbol": group.symbol},
    }
    text = {
        "text": [f"{run.name}, step {step:.0f}" for step in means[:, 0]],
        "hovertemplate": "%{text}<br>%{x:.0f} tokens, %{y:.1%}<extra></extra>",
    }
    return trace_of(group.name, run.name, "") | look | text | {"x": rounded(means[:, 1]), "y": rounded(means[:, 2])}


def _lengths_and_accuracies(run: Run) -> list[tuple[float, float, float]]:
    """Return (step, tokens of a response, accuracy) where both are known; accuracy in training, else in validations."""
    accuracies = [*ACCURACY, *(key for _, key in run.validations()[:1])]
    length = run.first_of(*LENGTH)
    accuracy = run.first_of(*accuracies)
    if not length or not accuracy:
        return []
    tokens = dict(run.known(length))
    return [(step, tokens[step], share) for step, share in run.known(accuracy) if step in tokens]
