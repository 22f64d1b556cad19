"""Chooses the charts of a page: the panels that some run has numbers for, and overviews."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from still_verl.report.chart import Chart, ChartTableRow, Group, groups_of
from still_verl.report.comparison.arms import group
from still_verl.report.curves import number
from still_verl.report.errors import intervals
from still_verl.report.figure import VALIDATION, Figure
from still_verl.report.overviews import alarm_chart, length_against_accuracy
from still_verl.report.panels import PANELS, Line, Panel, panels_of_unknown
from still_verl.report.resources import length_histogram, phase_times
from still_verl.report.run import Run
from still_verl.report.scaling import scaling_chart

DESCRIBED = 6  # lines of which the description of a chart gives figures

LabelledMetric = tuple[str, str]
Drawn = tuple[Group, str, list[tuple[Run, str]]]  # a line of a group: its label, the metric of each run


def charts(runs: Sequence[Run]) -> list[Chart]:
    """Make every chart that some run has numbers for. Where there are several runs, a colour is a run, or an arm."""
    groups = groups_of(group(runs))
    drawn: list[Chart] = []
    for panel in PANELS:
        drawn += _charts_of(panel, groups)
    if not drawn:
        names = {name for run in runs for name in run.series if run.known(name)}
        drawn = _existing(_panel_chart(panel, groups) for panel in panels_of_unknown(sorted(names)))
    overviews = _existing([scaling_chart(groups), alarm_chart(runs), length_against_accuracy(groups)])
    resources = _existing([length_histogram(groups), phase_times(groups)])
    # Accuracy, or what there is in its place, comes first; then the overviews, then the details.
    return drawn[:1] + overviews + drawn[1:] + resources


def _existing(found: Iterable[Chart | None]) -> list[Chart]:
    return [chart for chart in found if chart is not None]


def _charts_of(panel: Panel, groups: Sequence[Group]) -> list[Chart]:
    """Make the chart of a panel; several of accuracy for several runs: one for each source of problems."""
    if len(groups) == 1 or not panel.validation_accuracy:
        return _existing([_panel_chart(panel, groups)])
    labels: dict[str, None] = {}
    for each in groups:
        labels |= dict.fromkeys(label for _, label, _ in _lines_of_group(panel, each))
    made = []
    for label in labels:
        name = panel.title if len(labels) == 1 else f"{panel.title}, {label}"
        made.append(_panel_chart(replace(panel, title=name), groups, label))
    return _existing(made)


def _panel_chart(panel: Panel, groups: Sequence[Group], only: str = "") -> Chart | None:
    lines: list[Drawn] = []
    for each in groups:
        lines += _lines_of_group(panel, each)
    if only:
        lines = [line for line in lines if line[1] == only]
    if not lines:
        return None
    schedules = _known_schedules(panel, groups)
    figure = Figure(groups, len(schedules), ".0%" if panel.share else "")
    table: list[ChartTableRow] = []
    for each, label, curves in lines:
        figure.add_curve(each, label, curves, _errors(panel, label, curves))
        for run, key in curves:
            table.append((_row_name(figure, each, run, label), _extremes(run, key, panel.share)))
    for strip, schedule in enumerate(schedules):
        for each in groups:
            _add_schedule(figure, each, schedule, strip)
    about = panel.about
    if schedules:
        about += f" {panel.about_schedules}"
    description = _describe(panel.title, table)
    return Chart(panel.title, about, figure.as_json(), figure.height, description, figure.legend(), table)


def _lines_of_group(panel: Panel, members: Group) -> list[Drawn]:
    """Return the lines that some run of a group has, each with the metric of every run that has it."""
    by_label: dict[str, list[tuple[Run, str]]] = {}
    for run in members.runs:
        for label, key in _lines(panel, run):
            by_label.setdefault(label, []).append((run, key))
    return [(members, label, curves) for label, curves in by_label.items()]


def _errors(panel: Panel, label: str, curves: Sequence[tuple[Run, str]]) -> dict[int, tuple[float, float]]:
    """Return the intervals of a curve of validations, where a single run is drawn."""
    if not panel.validation_accuracy or len(curves) > 1:
        return {}
    run, key = curves[0]
    if (label, key) not in run.validations():
        return {}
    return intervals(run, label, run.known(key))


def _row_name(figure: Figure, members: Group, run: Run, label: str) -> str:
    if len(members.runs) > 1:
        return f"{run.name} · {label}"
    return figure.name(members, label)


def _add_schedule(figure: Figure, members: Group, schedule: Line, strip: int) -> None:
    """Add the schedule of the first run of a group that has it: those of an arm have the same."""
    for run in members.runs:
        found = run.first_of(*schedule.keys)
        if found:
            figure.add_schedule(members, schedule.label, run, found, strip)
            return


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


def _known_schedules(panel: Panel, groups: Sequence[Group]) -> list[Line]:
    runs = [run for each in groups for run in each.runs]
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
