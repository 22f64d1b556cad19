"""Chooses the charts of a page: the panels that some run has numbers for, alarms, and length against accuracy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from still_verl.monitor.metric_names import ACCURACY, LENGTH
from still_verl.report.curves import POINTS, number, rounded
from still_verl.report.figure import ALARM_COLOR, COLORS, CURVES_HEIGHT, VALIDATION, Figure, LegendEntry, trace_of
from still_verl.report.panels import PANELS, Line, Panel, panels_of_unknown
from still_verl.report.run import Run, Stretch

DESCRIBED = 6  # lines of which the description of a chart gives figures
PATH_POINTS = 40  # of a run in length against accuracy

LabelledMetric = tuple[str, str]
ChartTableRow = tuple[str, list[str]]  # line, [first, lowest, highest, last]


@dataclass(frozen=True)
class Chart:
    """A chart of a page.

    Attributes:
        about: what it shows, in a sentence or two.
        figure: `data` and `layout` of plotly.
        height: px.
        description: what a screen reader says in its place.
        table: the figures of its lines, for those who want numbers.
    """

    title: str
    about: str
    figure: dict[str, Any]
    height: int
    description: str
    legend: list[LegendEntry] = field(default_factory=list)
    table: list[ChartTableRow] = field(default_factory=list)


def charts(runs: Sequence[Run]) -> list[Chart]:
    """Make every chart that some run has numbers for. Where there are several runs, a colour is a run."""
    drawn = _existing(_panel_chart(panel, runs) for panel in PANELS)
    if not drawn:
        names = {name for run in runs for name in run.series if run.known(name)}
        drawn = _existing(_panel_chart(panel, runs) for panel in panels_of_unknown(sorted(names)))
    overviews = _existing([_alarm_chart(runs), _length_against_accuracy(runs)])
    # Accuracy, or what there is in its place, comes first; then the overviews, then the details.
    return drawn[:1] + overviews + drawn[1:]


def _existing(found: Iterable[Chart | None]) -> list[Chart]:
    return [chart for chart in found if chart is not None]


def _panel_chart(panel: Panel, runs: Sequence[Run]) -> Chart | None:
    lines: list[tuple[Run, str, str]] = []
    for run in runs:
        for label, key in _lines(panel, run):
            lines.append((run, label, key))
    if not lines:
        return None
    schedules = _known_schedules(panel, runs)
    figure = Figure(runs, len(schedules), ".0%" if panel.share else "")
    table = []
    for run, label, key in lines:
        figure.add_curve(run, label, key)
        table.append((figure.name(run, label), _extremes(run, key, panel.share)))
    for strip, schedule in enumerate(schedules):
        for run in runs:
            found = run.first_of(*schedule.keys)
            if found:
                figure.add_schedule(run, schedule.label, found, strip)
    about = panel.about
    if schedules:
        about += f" {panel.about_schedules}"
    description = _describe(panel.title, table)
    return Chart(panel.title, about, figure.as_json(), figure.height, description, figure.legend(), table)


def _lines(panel: Panel, run: Run) -> list[LabelledMetric]:
    """Return the lines of a panel that a run has: validation accuracy, training, the same metrics of validations."""
    lines: list[LabelledMetric] = []
    validated: list[LabelledMetric] = []
    if panel.validation_accuracy:
        lines += run.validations()
    if panel.pattern:
        for name, key in run.matching(panel.pattern):
            label = name.replace("_", " ")
            lines.append((label, key))
            validated += _in_validations(run, label, key)
    for line in panel.lines:
        found = run.first_of(*line.keys)
        if found:
            lines.append((line.label, found))
            if line.with_validation:
                validated += _in_validations(run, line.label, found)
    return lines + validated


def _in_validations(run: Run, label: str, key: str) -> list[LabelledMetric]:
    """Return the line of the same metric in validations, if the run has it."""
    in_validations = key.replace("still/", "still/validation/", 1)
    if key.startswith("still/") and run.known(in_validations):
        return [(f"{label}{VALIDATION}", in_validations)]
    return []


def _known_schedules(panel: Panel, runs: Sequence[Run]) -> list[Line]:
    known = []
    for schedule in panel.schedules_below:
        if any(run.first_of(*schedule.keys) for run in runs):
            known.append(schedule)
    return known


def _extremes(run: Run, key: str, share: bool) -> list[str]:
    """Return the first, the lowest, the highest and the last value, for people."""
    values = [value for _, value in run.known(key)]
    return [number(value, share) for value in (values[0], min(values), max(values), values[-1])]


def _describe(title: str, table: list[ChartTableRow]) -> str:
    parts = [f"{name} from {values[0]} to {values[-1]}" for name, values in table[:DESCRIBED]]
    text = f"{title} over training steps: {'; '.join(parts)}"
    if len(table) > DESCRIBED:
        text += " and more"
    return f"{text}."


def _alarm_chart(runs: Sequence[Run]) -> Chart | None:
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
            traces.append(trace_of(run, name, "") | look | {"x": steps, "y": [name] * len(steps)})
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


def _length_against_accuracy(runs: Sequence[Run]) -> Chart | None:
    """Draw where each run went: steps as points, joined in order, from faint to full colour."""
    traces = []
    names = []
    for index, run in enumerate(runs):
        trace = _path(run, COLORS[index % len(COLORS)])
        if trace:
            traces.append(trace)
            names.append(run.name)
    if not traces:
        return None
    layout = {
        "xaxis": {"title": {"text": "tokens of a response"}},
        "yaxis": {"tickformat": ".0%"},
        "hovermode": "closest",
    }
    about = (
        "Each point is some steps of training, early ones faint. To the right and not upwards is length for nothing."
    )
    description = f"Accuracy over the length of responses, a path for {', '.join(names)}"
    figure = {"data": traces, "layout": layout}
    return Chart("Length against accuracy", about, figure, CURVES_HEIGHT + 20, description)


def _path(run: Run, color: str) -> dict[str, Any] | None:
    both = _lengths_and_accuracies(run)
    if len(both) < 2:
        return None
    # A point for each step would be a cloud: the means of consecutive steps show the direction.
    groups = np.array_split(np.array(both), min(len(both), PATH_POINTS))
    means = np.array([group.mean(axis=0) for group in groups])
    opacity = np.linspace(0.25, 1, len(means)).round(2).tolist()
    look = {
        "mode": "lines+markers",
        "line": {"color": color, "width": 1},
        "marker": {"color": color, "size": 9, "opacity": opacity},
    }
    text = {
        "text": [f"step {step:.0f}" for step in means[:, 0]],
        "hovertemplate": "%{text}<br>%{x:.0f} tokens, %{y:.1%}",
    }
    points = {"x": rounded(means[:, 1]), "y": rounded(means[:, 2])}
    return trace_of(run, run.name, "") | look | text | points


def _lengths_and_accuracies(run: Run) -> list[tuple[float, float, float]]:
    """Return (step, tokens of a response, accuracy) where both are known; accuracy in training, else in validations."""
    accuracies = [*ACCURACY, *(key for _, key in run.validations()[:1])]
    length = run.first_of(*LENGTH)
    accuracy = run.first_of(*accuracies)
    if not length or not accuracy:
        return []
    tokens = dict(run.known(length))
    return [(step, tokens[step], share) for step, share in run.known(accuracy) if step in tokens]
