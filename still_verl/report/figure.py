"""Builds the figures of charts as plain dicts, in plotly's JSON: plotly is needed to show them, not to make them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from still_verl.report.chart import COLORS, NEUTRAL, Group, LegendEntry
from still_verl.report.comparison.bands import SHORT, band
from still_verl.report.curves import arrays, rounded, smooth, thin, thin_evenly, xy
from still_verl.report.run import Run, Stretch
from still_verl.stats.interval import Interval

CURVES_HEIGHT, STRIP_HEIGHT = 280, 76  # px: of the curves, and of each schedule under them
ALARM_COLOR = "#d0495b"
DASHES = {"solid": "", "dot": "2 3", "dash": "7 4", "dashdot": "7 3 2 3", "longdash": "12 4"}  # plotly's, SVG's
VALIDATION = ", validation"  # ends the label of a line that shows in validations what another shows in training
BANDS = 200  # alarms that are shaded at most: more would be a red page, and slow
SYMBOLS_SHOWN = 8  # of a line whose colour is not its own

Style = dict[str, Any]


class Figure:
    """A figure in the making: curves on top, strips of schedules under them, one time axis.

    With one group, a colour is a line, and dots are its validation. With several, a colour is a group, and a dash a
    line.

    Attributes:
        height: px.
    """

    def __init__(self, groups: Sequence[Group], strips: int, tickformat: str) -> None:
        """`strips` is the number of schedules, `tickformat` that of the values (d3's, "" for plotly's choice)."""
        self.groups, self.strips, self.tickformat = groups, strips, tickformat
        self.height = CURVES_HEIGHT + strips * STRIP_HEIGHT
        self._traces: list[dict[str, Any]] = []
        self._labels: list[str] = []
        self._titles: dict[int, str] = {}

    def name(self, group: Group, label: str) -> str:
        """Name a line, with its group where there are several."""
        if len(self.groups) > 1:
            return f"{group.name} · {label}"
        return label

    def add_curve(
        self, group: Group, label: str, curves: Sequence[tuple[Run, str]], errors: Mapping[int, Interval] | None = None
    ) -> None:
        """Add the metric of a run as a curve, or the metrics of several runs as their mean with a band.

        A curve is smoothed, with the raw data faint behind it; one that is short has markers.

        Args:
            errors: by step, the interval of a value, which is drawn as a bar.
        """
        if label not in self._labels:
            self._labels.append(label)
        trace = trace_of(group.name, self.name(group, label), label) | {"yaxis": "y"}
        if len(curves) > 1:
            self._add_band(group, label, trace, curves)
        else:
            self._add_run(group, label, trace, *curves[0], errors or {})

    def _add_run(
        self, group: Group, label: str, trace: Style, run: Run, key: str, errors: Mapping[int, Interval]
    ) -> None:
        steps, values = arrays(run, key)
        style = self._style(group, label)
        line = style | {"width": 2.2}
        if np.isfinite(values).sum() < SHORT:
            look = {"mode": "lines+markers", "line": line, "marker": {"symbol": group.symbol, "size": 7}}
            self._traces.append(trace | xy(steps, values) | look | _error_bars(steps, values, errors))
            return
        faint = style | {"width": 1, "dash": "solid"}
        raw = {"mode": "lines", "line": faint, "opacity": 0.28, "hoverinfo": "skip"}
        self._traces.append(trace | xy(*thin(steps, values)) | raw)
        self._traces.append(trace | xy(*thin_evenly(steps, smooth(values))) | self._look(group, line))

    def _add_band(self, group: Group, label: str, trace: Style, curves: Sequence[tuple[Run, str]]) -> None:
        steps, means, low, high = band(curves)
        line = self._style(group, label) | {"width": 2.2}
        edge = {
            "mode": "lines",
            "line": {"width": 0, "color": line["color"]},
            "hoverinfo": "skip",
            "meta": trace["meta"],
        }
        filled = {"fill": "tonexty", "fillcolor": _faint(line["color"])}
        self._traces.append(trace | xy(*thin_evenly(steps, low)) | edge)
        self._traces.append(trace | xy(*thin_evenly(steps, high)) | edge | filled)
        self._traces.append(trace | xy(*thin_evenly(steps, means)) | self._look(group, line))

    def add_schedule(self, group: Group, label: str, run: Run, key: str, strip: int) -> None:
        """Add a metric to a strip, counted from 0 at the top, as steps: a value holds until the next one."""
        self._titles[strip] = label
        color = NEUTRAL
        if len(self.groups) > 1:
            color = group.color
        line = {"color": color, "width": 1.8, "shape": "hv"}
        # No label: no key of the legend hides a schedule.
        trace = trace_of(group.name, self.name(group, label), "")
        points = xy(*thin(*arrays(run, key)))
        self._traces.append(trace | points | {"mode": "lines", "line": line, "yaxis": f"y{strip + 2}"})

    def _look(self, group: Group, line: Style) -> Style:
        """Return mode and line; with symbols where another group has the same colour."""
        if len(self.groups) <= len(COLORS):
            return {"mode": "lines", "line": line}
        marker = {"symbol": group.symbol, "size": 8, "maxdisplayed": SYMBOLS_SHOWN}
        return {"mode": "lines+markers", "line": line, "marker": marker}

    def _style(self, group: Group, label: str) -> Style:
        if len(self.groups) > 1:
            dashes = list(DASHES)
            rank = self._labels.index(label)
            return {"color": group.color, "dash": dashes[rank % len(dashes)]}
        rank = self._labels.index(label)
        dash = list(DASHES)[rank // len(COLORS) % len(DASHES)]
        if label.endswith(VALIDATION):
            dash = "dot"
        return {"color": self._label_color(label), "dash": dash}

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
            if len(self.groups) > 1:
                entries.append((label, "", dashes[rank % len(dashes)]))
            else:
                style = self._style(self.groups[0], label)
                entries.append((label, style["color"], DASHES[style["dash"]]))
        return entries

    def as_json(self) -> dict[str, Any]:
        """Return `data` and `layout` as plotly takes them."""
        return {"data": self._traces, "layout": self._layout()}

    def _range(self) -> Style:
        """Return the range of curves that never change: plotly would show them between their value - 1 and + 1."""
        values: set[float | None] = set()
        for trace in self._traces:
            if trace["yaxis"] == "y":
                values.update(trace["y"])
        known = values - {None}
        if len(known) != 1:
            return {}
        value = known.pop() or 0.0
        reach = abs(value) / 2 or 0.5
        return {"range": [value - reach, value + reach]}

    def _layout(self) -> dict[str, Any]:
        """Place the curves above the strips. plotly's domains are shares of the height, from the bottom."""
        bottom = self.strips * STRIP_HEIGHT / self.height
        axis = {"domain": [bottom, 1], "tickformat": self.tickformat} | self._range()
        layout: dict[str, Any] = {"yaxis": axis}
        titles = []
        for strip in range(self.strips):
            top = bottom - strip * STRIP_HEIGHT / self.height
            # Of a strip, the upper two fifths are a gap and the title, the lowest tenth is a gap.
            high = top - 0.42 * STRIP_HEIGHT / self.height
            low = max(top - 0.9 * STRIP_HEIGHT / self.height, 0)
            layout[f"yaxis{strip + 2}"] = {"domain": [low, high], "nticks": 3, "rangemode": "tozero"}
            titles.append(_title(self._titles.get(strip, ""), high))
        lowest = f"y{self.strips + 1}" if self.strips else "y"
        return layout | {"xaxis": {"anchor": lowest}, "annotations": titles, "shapes": self._alarm_bands()}

    def _alarm_bands(self) -> list[dict[str, Any]]:
        runs: list[Run] = []
        for group in self.groups:
            runs += group.runs
        return _alarm_bands(runs)


def trace_of(group: str, name: str, label: str) -> dict[str, Any]:
    """Begin a trace of plotly. By `meta` the page finds what the keys of a group and of a label hide."""
    return {"type": "scatter", "name": name, "meta": {"run": group, "label": label}}


def _error_bars(steps: np.ndarray, values: np.ndarray, errors: Mapping[int, Interval]) -> Style:
    """Return bars from the lower to the higher end of intervals; none where no interval is known."""
    if not errors:
        return {}
    upper, lower = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
    for index, step in enumerate(steps.tolist()):
        if step in errors:
            low, high = errors[step]
            upper[index], lower[index] = max(high - values[index], 0), max(values[index] - low, 0)
    bars = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3}
    return {"error_y": bars | {"array": rounded(upper), "arrayminus": rounded(lower)}}


def _faint(color: str) -> str:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


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
