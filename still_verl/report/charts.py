"""The charts of a page as plotly figures in JSON: no plotly is needed to make them, only to show them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from still_verl.report.curves import POINTS, arrays, every, number, rounded, smooth, thin, xy
from still_verl.report.panels import PANELS, Panel
from still_verl.report.read import Run

SHORT = 20  # a line of fewer points is drawn with markers and not smoothed
MAIN, BELOW = 280, 76  # px: height of the curves, and of each schedule under them
# At least 3:1 against the white and the dark page (WCAG 1.4.11), told apart with the common colour blindnesses.
COLORS = ("#2f7fc1", "#c96a00", "#2c9462", "#b0609f", "#8a7a1f", "#d0495b", "#5d6fd0", "#7f7f7f")
DASHES = {"solid": "", "dot": "2 3", "dash": "7 4", "dashdot": "7 3 2 3", "longdash": "12 4"}  # plotly's, SVG's
ALARM = "#d0495b"
TWIN = ", validation"  # ends the label of a line that shows in validations what another shows in training


@dataclass(frozen=True)
class Chart:
    """A chart of a page.

    Attributes:
        figure: `data` and `layout` of plotly.
        height: px.
        summary: what a reader hears who cannot see it.
        legend: (label, colour, dash pattern of SVG) of the lines; colour "" where it tells the run.
        table: (line, [first, lowest, highest, last]) for those who want numbers.
    """

    title: str
    about: str
    figure: dict[str, Any]
    height: int
    summary: str
    legend: list[tuple[str, str, str]] = field(default_factory=list)
    table: list[tuple[str, list[str]]] = field(default_factory=list)


def charts(runs: Sequence[Run]) -> list[Chart]:
    """Every chart that some run has numbers for; a line's colour is the run where there are several."""
    drawn = [chart for panel in PANELS if (chart := _chart(panel, runs))]
    extra = [chart for chart in (_alarm_chart(runs), _length_against_accuracy(runs)) if chart]
    return drawn[:1] + extra + drawn[1:]


def _chart(panel: Panel, runs: Sequence[Run]) -> Chart | None:
    lines = [(run, label, key) for run in runs for label, key in _lines(panel, run)]
    if not lines:
        return None
    strips = [line for line in panel.below if any(run.first_of(*line.keys) for run in runs)]
    figure = Figure(runs, len(strips), ".0%" if panel.share else "")
    for run, label, key in lines:
        figure.add(run, label, key)
    for row, line in enumerate(strips):
        for run in runs:
            if logged := run.first_of(*line.keys):
                figure.add_below(run, line.label, logged, row)
    table = [_numbers(figure.name(run, label), run.known(key), panel.share) for run, label, key in lines]
    about = f"{panel.about} {panel.about_below}" if strips else panel.about
    return Chart(
        panel.title, about, figure.as_json(), figure.height, _summary(panel.title, table), figure.legend(), table
    )


def _lines(panel: Panel, run: Run) -> list[tuple[str, str]]:
    """(label, metric) of the lines of a panel that a run has."""
    found = [(text.replace("_", " "), key) for text, key in (run.matching(panel.pattern) if panel.pattern else [])]
    fixed = [(line, key) for line in panel.lines if (key := run.first_of(*line.keys))]
    twinned = found + [(line.label, key) for line, key in fixed if line.twin]
    held_out = run.validations() if panel.held_out else []
    return held_out + found + [(line.label, key) for line, key in fixed] + _twins(twinned, run)


def _twins(lines: list[tuple[str, str]], run: Run) -> list[tuple[str, str]]:
    """The same metrics of validations."""
    twins = ((f"{label}{TWIN}", key.replace("still/", "still/validation/", 1)) for label, key in lines)
    return [(label, key) for label, key in twins if key.startswith("still/") and run.known(key)]


class Figure:
    """A plotly figure in the making: curves on top, strips of schedules under them, one time axis."""

    def __init__(self, runs: Sequence[Run], strips: int, tickformat: str) -> None:
        self.runs, self.strips, self.tickformat = runs, strips, tickformat
        self.height = MAIN + strips * BELOW
        self._traces: list[dict[str, Any]] = []
        self._labels: list[str] = []
        self._titles: dict[int, str] = {}

    def name(self, run: Run, label: str) -> str:
        return f"{run.name} · {label}" if len(self.runs) > 1 else label

    def add(self, run: Run, label: str, key: str) -> None:
        """A curve: smoothed, the raw data faint behind it; or markers where there are few."""
        steps, values = arrays(run, key)
        style = self._style(run, label)
        group = {
            "name": self.name(run, label),
            "meta": {"run": run.name, "label": label},
            "type": "scatter",
            "yaxis": "y",
        }
        short = np.isfinite(values).sum() < SHORT
        if not short:
            raw = xy(*thin(steps, values))
            faint = {"mode": "lines", "opacity": 0.28, "line": style | {"width": 1, "dash": "solid"}}
            self._traces.append(group | raw | faint | {"hoverinfo": "skip"})
        curve = xy(steps, values) if short else xy(*every(steps, smooth(values)))
        self._traces.append(
            group | curve | {"mode": "lines+markers" if short else "lines", "line": style | {"width": 2.2}}
        )

    def add_below(self, run: Run, label: str, key: str, row: int) -> None:
        """A schedule, as steps: it holds until the next value."""
        line = {
            "color": self._style(run, "")["color"] if len(self.runs) > 1 else COLORS[-1],
            "width": 1.8,
            "shape": "hv",
        }
        look = {"type": "scatter", "mode": "lines", "line": line, "yaxis": f"y{row + 2}"}
        self._titles[row] = label
        meta = {"name": self.name(run, label), "meta": {"run": run.name, "label": ""}}
        self._traces.append(meta | look | xy(*thin(*arrays(run, key))))

    def _style(self, run: Run, label: str) -> dict[str, Any]:
        """Colour by run and dash by label where there are several runs, else colour by label, and dots for a twin."""
        if label and label not in self._labels:
            self._labels.append(label)
        if len(self.runs) > 1:
            rank = self._labels.index(label) if label else 0
            return {"color": COLORS[self.runs.index(run) % len(COLORS)], "dash": list(DASHES)[rank % len(DASHES)]}
        return {"color": self._color(label), "dash": "dot" if label.endswith(TWIN) else "solid"}

    def _color(self, label: str) -> str:
        plain = label.removesuffix(TWIN)
        rank = self._labels.index(plain if plain in self._labels else label) if label else 0
        return COLORS[rank % len(COLORS)]

    def legend(self) -> list[tuple[str, str, str]]:
        """Nothing for a single line: the title says what it is."""
        if len(self._labels) < 2:
            return []
        if len(self.runs) > 1:
            return [(label, "", list(DASHES.values())[i % len(DASHES)]) for i, label in enumerate(self._labels)]
        return [(label, self._color(label), DASHES["dot"] if label.endswith(TWIN) else "") for label in self._labels]

    def as_json(self) -> dict[str, Any]:
        return {"data": self._traces, "layout": self._layout()}

    def _layout(self) -> dict[str, Any]:
        bottom = (self.strips * BELOW) / self.height
        axes: dict[str, Any] = {"yaxis": {"domain": [bottom, 1], "tickformat": self.tickformat}}
        notes = []
        for row in range(self.strips):
            top = bottom - row * BELOW / self.height
            low, high = (top - part * BELOW / self.height for part in (0.9, 0.42))
            axes[f"yaxis{row + 2}"] = {"domain": [max(low, 0), high], "nticks": 3, "rangemode": "tozero"}
            place = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "yanchor": "bottom"}
            notes.append(place | {"y": high, "text": self._titles.get(row, ""), "showarrow": False})
        below = f"y{self.strips + 1}" if self.strips else "y"
        frame = {"xaxis": {"anchor": below}, "shapes": _bands(self.runs), "annotations": notes}
        return axes | frame


def _bands(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The time of alarms as shaded stretches behind the curves; stretches that touch are one."""
    spans = sorted({span for run in runs for spans in run.alarms().values() for span in spans})
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    look = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}, "layer": "below"}
    return [look | {"x0": a - 0.5, "x1": b + 0.5, "fillcolor": ALARM, "opacity": 0.13} for a, b in merged[:200]]


def _alarm_chart(runs: Sequence[Run]) -> Chart | None:
    """One row for each alarm of each run, a mark for each step in which it rang."""
    many = len(runs) > 1
    traces = []
    for run in runs:
        for name, stretches in run.alarms().items():
            row = f"{run.name} · {name.replace('_', ' ')}" if many else name.replace("_", " ")
            marks = [step for a, b in stretches for step in ([a, b] if b - a > POINTS else range(a, b + 1))][:POINTS]
            look = {"type": "scatter", "mode": "markers", "name": row, "meta": {"run": run.name, "label": ""}}
            marker = {"symbol": "square", "size": 9, "color": ALARM}
            traces.append(look | {"x": marks, "y": [row] * len(marks), "marker": marker})
    if not traces:
        return None
    steps = [step for run in runs for step in run.steps]
    layout = {"xaxis": {"range": [min(steps) - 0.5, max(steps) + 0.5]}, "yaxis": {"range": [-0.6, len(traces) - 0.4]}}
    summary = "Alarms over time: " + ", ".join(str(trace["name"]) for trace in traces)
    about = "A mark for each step in which an alarm rang. The same steps are shaded in every chart."
    return Chart("Alarms", about, {"data": traces, "layout": layout}, 64 + 30 * len(traces), summary)


def _length_against_accuracy(runs: Sequence[Run]) -> Chart | None:
    """Where a run went: steps as points, joined in order, from faint to full colour."""
    traces = [trace for index, run in enumerate(runs) if (trace := _path(run, COLORS[index % len(COLORS)]))]
    if not traces:
        return None
    axes = {"xaxis": {"title": {"text": "tokens of a response"}}, "yaxis": {"tickformat": ".0%"}}
    layout = axes | {"hovermode": "closest"}
    about = (
        "Each point is some steps of training, early ones faint. To the right and not upwards is length for nothing."
    )
    summary = "Accuracy over the length of responses, a path for " + ", ".join(str(t["name"]) for t in traces)
    return Chart("Length against accuracy", about, {"data": traces, "layout": layout}, MAIN + 20, summary)


def _path(run: Run, color: str) -> dict[str, Any] | None:
    length = run.first_of("still/length/mean", "response_length/mean")
    validation = next((key for _, key in run.validations()), None)
    accuracy = run.first_of("still/accuracy", *([validation] if validation else []))
    if not length or not accuracy:
        return None
    lengths, shares = run.series[length], run.series[accuracy]
    both = [(s, lengths[s], shares[s]) for s in shares if lengths.get(s) is not None and shares[s] is not None]
    groups = np.array_split(np.array(both, float), min(len(both), 40)) if len(both) > 1 else []
    if not groups:
        return None
    means = np.array([group.mean(axis=0) for group in groups])
    opacity = np.linspace(0.25, 1, len(means)).round(2).tolist()
    return {
        "type": "scatter", "mode": "lines+markers", "name": run.name, "meta": {"run": run.name, "label": ""},
        "x": rounded(means[:, 1]), "y": rounded(means[:, 2]), "text": [f"step {step:.0f}" for step in means[:, 0]],
        "line": {"color": color, "width": 1}, "marker": {"color": color, "size": 9, "opacity": opacity},
        "hovertemplate": "%{text}<br>%{x:.0f} tokens, %{y:.1%}",
    }  # fmt: skip


def _numbers(name: str, points: list[tuple[int, float]], share: bool) -> tuple[str, list[str]]:
    values = [value for _, value in points]
    return name, [number(value, share) for value in (values[0], min(values), max(values), values[-1])]


def _summary(title: str, table: list[tuple[str, list[str]]]) -> str:
    parts = [f"{name} from {values[0]} to {values[-1]}" for name, values in table[:6]]
    return f"{title} over training steps: {'; '.join(parts)}{' and more' if len(table) > 6 else ''}."
