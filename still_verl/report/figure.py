"""Builds the figures of charts as plain dicts, in plotly's JSON: plotly is needed to show them, not to make them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from still_verl.report.curves import arrays, smooth, thin, thin_evenly, xy
from still_verl.report.run import Run, Stretch

SHORT = 20  # a line of fewer points is drawn with markers and not smoothed
CURVES_HEIGHT, STRIP_HEIGHT = 280, 76  # px: of the curves, and of each schedule under them
# At least 3:1 against the white and the dark page (WCAG 1.4.11), and distinct with the common colour blindnesses.
COLORS = ("#2f7fc1", "#c96a00", "#2c9462", "#b0609f", "#8a7a1f", "#d0495b", "#5d6fd0", "#7f7f7f")
ALARM_COLOR = "#d0495b"
DASHES = {"solid": "", "dot": "2 3", "dash": "7 4", "dashdot": "7 3 2 3", "longdash": "12 4"}  # plotly's, SVG's
VALIDATION = ", validation"  # ends the label of a line that shows in validations what another shows in training
BANDS = 200  # alarms that are shaded at most: more would be a red page, and slow

Style = dict[str, Any]
LegendEntry = tuple[str, str, str]  # label, colour ("" where the colour tells the run), dash pattern of SVG


class Figure:
    """A figure in the making: curves on top, strips of schedules under them, one time axis.

    With one run, a colour is a line, and dots are its validation. With several, a colour is a run, and a dash a line.

    Attributes:
        height: px.
    """

    def __init__(self, runs: Sequence[Run], strips: int, tickformat: str) -> None:
        """`strips` is the number of schedules, `tickformat` that of the values (d3's, "" for plotly's choice)."""
        self.runs, self.strips, self.tickformat = runs, strips, tickformat
        self.height = CURVES_HEIGHT + strips * STRIP_HEIGHT
        self._traces: list[dict[str, Any]] = []
        self._labels: list[str] = []
        self._titles: dict[int, str] = {}

    def name(self, run: Run, label: str) -> str:
        """Name a line, with its run where there are several."""
        if len(self.runs) > 1:
            return f"{run.name} · {label}"
        return label

    def add_curve(self, run: Run, label: str, key: str) -> None:
        """Add a metric as a curve: smoothed, the raw data faint behind it; or with markers where it is short."""
        if label not in self._labels:
            self._labels.append(label)
        steps, values = arrays(run, key)
        style = self._style(run, label)
        line = style | {"width": 2.2}
        trace = trace_of(run, self.name(run, label), label) | {"yaxis": "y"}
        if np.isfinite(values).sum() < SHORT:
            self._traces.append(trace | xy(steps, values) | {"mode": "lines+markers", "line": line})
            return
        faint = style | {"width": 1, "dash": "solid"}
        raw = {"mode": "lines", "line": faint, "opacity": 0.28, "hoverinfo": "skip"}
        self._traces.append(trace | xy(*thin(steps, values)) | raw)
        self._traces.append(trace | xy(*thin_evenly(steps, smooth(values))) | {"mode": "lines", "line": line})

    def add_schedule(self, run: Run, label: str, key: str, strip: int) -> None:
        """Add a metric to a strip, counted from 0 at the top, as steps: a value holds until the next one."""
        self._titles[strip] = label
        color = COLORS[-1]
        if len(self.runs) > 1:
            color = self._run_color(run)
        line = {"color": color, "width": 1.8, "shape": "hv"}
        # No label: no key of the legend hides a schedule.
        trace = trace_of(run, self.name(run, label), "")
        points = xy(*thin(*arrays(run, key)))
        self._traces.append(trace | points | {"mode": "lines", "line": line, "yaxis": f"y{strip + 2}"})

    def _style(self, run: Run, label: str) -> Style:
        if len(self.runs) > 1:
            dashes = list(DASHES)
            rank = self._labels.index(label)
            return {"color": self._run_color(run), "dash": dashes[rank % len(dashes)]}
        if label.endswith(VALIDATION):
            return {"color": self._label_color(label), "dash": "dot"}
        return {"color": self._label_color(label), "dash": "solid"}

    def _run_color(self, run: Run) -> str:
        return COLORS[self.runs.index(run) % len(COLORS)]

    def _label_color(self, label: str) -> str:
        """Choose by the rank of a label; the line of a validation has the colour of the training's."""
        in_training = label.removesuffix(VALIDATION)
        if in_training in self._labels:
            label = in_training
        return COLORS[self._labels.index(label) % len(COLORS)]

    def legend(self) -> list[LegendEntry]:
        """Return an entry for each line. A single line has none: the title says what it is."""
        if len(self._labels) < 2:
            return []
        entries = []
        dashes = list(DASHES.values())
        for rank, label in enumerate(self._labels):
            if len(self.runs) > 1:
                entries.append((label, "", dashes[rank % len(dashes)]))
            elif label.endswith(VALIDATION):
                entries.append((label, self._label_color(label), DASHES["dot"]))
            else:
                entries.append((label, self._label_color(label), DASHES["solid"]))
        return entries

    def as_json(self) -> dict[str, Any]:
        """Return `data` and `layout` as plotly takes them."""
        return {"data": self._traces, "layout": self._layout()}

    def _layout(self) -> dict[str, Any]:
        """Place the curves above the strips. plotly's domains are shares of the height, from the bottom."""
        bottom = self.strips * STRIP_HEIGHT / self.height
        layout: dict[str, Any] = {"yaxis": {"domain": [bottom, 1], "tickformat": self.tickformat}}
        titles = []
        for strip in range(self.strips):
            top = bottom - strip * STRIP_HEIGHT / self.height
            # Of a strip, the upper two fifths are a gap and the title, the lowest tenth is a gap.
            high = top - 0.42 * STRIP_HEIGHT / self.height
            low = max(top - 0.9 * STRIP_HEIGHT / self.height, 0)
            layout[f"yaxis{strip + 2}"] = {"domain": [low, high], "nticks": 3, "rangemode": "tozero"}
            titles.append(_title(self._titles.get(strip, ""), high))
        lowest = f"y{self.strips + 1}" if self.strips else "y"
        return layout | {"xaxis": {"anchor": lowest}, "annotations": titles, "shapes": _alarm_bands(self.runs)}


def trace_of(run: Run, name: str, label: str) -> dict[str, Any]:
    """Begin a trace of plotly. By `meta` the page finds what the keys of a run and of a label hide."""
    return {"type": "scatter", "name": name, "meta": {"run": run.name, "label": label}}


def _title(text: str, y: float) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": y, "xanchor": "left", "yanchor": "bottom"}
    return place | {"text": text, "showarrow": False}


def _alarm_bands(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Shade the time of alarms behind the curves; stretches that touch are one."""
    stretches: set[Stretch] = set()
    for run in runs:
        for active in run.alarms().values():
            stretches.update(active)
    merged: list[Stretch] = []
    for first, last in sorted(stretches):
        if merged and first <= merged[-1][1] + 1:
            begin, end = merged[-1]
            merged[-1] = (begin, max(last, end))
        else:
            merged.append((first, last))
    bands = []
    for first, last in merged[:BANDS]:
        place = {"type": "rect", "x0": first - 0.5, "x1": last + 0.5, "yref": "paper", "y0": 0, "y1": 1}
        look = {"fillcolor": ALARM_COLOR, "opacity": 0.13, "line": {"width": 0}, "layer": "below"}
        bands.append(place | look)
    return bands
