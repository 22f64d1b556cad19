"""The charts of where time goes, and of how long responses are."""

import re
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np

from still_verl.report.chart import COLORS, Chart, Group, LegendEntry
from still_verl.report.curves import number, rounded, smooth, thin_evenly
from still_verl.report.figure import CURVES_HEIGHT, trace_of
from still_verl.report.run import Run
from still_verl.report.samples.lengths import Lengths, begin

PHASE = re.compile(r"timing_s/([^/]+)$")
WHOLE = ("step", "start_profile", "stop_profile")  # not a part of a step
PHASES = 7  # of the longest; the others are one
COLUMNS = 60  # of the histogram of lengths
HEAT = [[0.0, "rgba(165,120,255,0)"], [0.15, "rgba(165,120,255,0.35)"], [1.0, "#5a1ec8"]]


def phase_times(groups: Sequence[Group]) -> Chart | None:
    """Draw the time of each phase of a step: over the steps of one run, in the mean for several."""
    runs = [run for group in groups for run in group.runs]
    names = _longest_phases(runs)
    if not names:
        return None
    about = "Seconds of the phases of a step, the longest at the bottom. Phases may overlap in an asynchronous trainer."
    if len(runs) == 1:
        traces = [_area(runs[0], name, color) for name, color in _coloured(names)]
        layout: dict[str, Any] = {}
    else:
        traces = [_bars(groups, name, color) for name, color in _coloured(names)]
        layout = {"barmode": "stack", "xaxis": {"type": "category"}, "hovermode": "closest"}
        about = "Seconds of the phases of a step, in the mean of all steps."
    legend: list[LegendEntry] = [(name, color, "") for name, color in _coloured(names)]
    table = [(name, [number(fmean(_seconds(run, name))) for run in runs if _seconds(run, name)]) for name in names]
    said = "; ".join(f"{name} {', '.join(values)}" for name, values in table)
    figure = {"data": traces, "layout": layout}
    return Chart("Time by phase", about, figure, CURVES_HEIGHT, f"Mean seconds of a phase: {said}.", legend)


def _longest_phases(runs: Sequence[Run]) -> list[str]:
    totals: dict[str, float] = {}
    for run in runs:
        for name, _ in run.matching(PHASE):
            if name not in WHOLE:
                totals[name] = totals.get(name, 0.0) + sum(_seconds(run, name))
    return sorted(totals, key=totals.__getitem__, reverse=True)[:PHASES]


def _seconds(run: Run, phase: str) -> list[float]:
    return [value for _, value in run.known(f"timing_s/{phase}")]


def _coloured(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return each phase with its colour; the seventh is grey."""
    return list(zip(names, (*COLORS, "#7f7f7f"), strict=False))


def _area(run: Run, phase: str, color: str) -> dict[str, Any]:
    known = dict(run.known(f"timing_s/{phase}"))
    steps = np.array(run.steps)
    # A phase that a step has not, e.g. validation, took no time in it: a stack has no gaps.
    seconds = np.array([known.get(step, 0.0) for step in run.steps])
    steps, seconds = thin_evenly(steps, smooth(seconds))
    look = {"mode": "lines", "stackgroup": "phases", "line": {"color": color, "width": 1}}
    return trace_of(run.name, phase, phase) | look | {"x": steps.tolist(), "y": rounded(seconds)}


def _bars(groups: Sequence[Group], phase: str, color: str) -> dict[str, Any]:
    heights = []
    for group in groups:
        seconds = [value for run in group.runs for value in _seconds(run, phase)]
        heights.append(fmean(seconds) if seconds else 0.0)
    bars = {"type": "bar", "marker": {"color": color}, "x": [group.name for group in groups], "y": heights}
    return trace_of("", phase, phase) | bars


def length_histogram(groups: Sequence[Group]) -> Chart | None:
    """Draw how many responses have which length, over the steps of one run, from its samples."""
    if len(groups) != 1 or len(groups[0].runs) != 1:
        return None
    run = groups[0].runs[0]
    for phase in ("training", "validation"):
        if phase in run.samples and len(run.samples[phase].lengths.counts) > 1:
            return _histogram(run, run.samples[phase].lengths, phase)
    return None


def _histogram(run: Run, lengths: Lengths, phase: str) -> Chart:
    steps = sorted(lengths.counts)
    columns = [chunk.tolist() for chunk in np.array_split(np.array(steps), min(len(steps), COLUMNS))]
    bins = sorted({each for counts in lengths.counts.values() for each in counts})
    rows = list(range(bins[0], bins[-1] + 1))
    shares = np.zeros((len(rows), len(columns)))
    for column, chunk in enumerate(columns):
        for step in chunk:
            for each, count in lengths.counts[step].items():
                shares[each - rows[0], column] += count
    shares /= shares.sum(axis=0, keepdims=True)
    unit = "tokens" if lengths.in_tokens else "characters"
    trace = {
        "type": "heatmap",
        "x": [chunk[len(chunk) // 2] for chunk in columns],
        "y": [begin(each + 0.5) for each in rows],
        "z": shares.round(4).tolist(),
        "colorscale": HEAT,
        "showscale": False,
        "hovertemplate": "step %{x}<br>%{y:.0f} " + unit + "<br>%{z:.0%} of the responses<extra></extra>",
        "meta": {"run": run.name, "label": ""},
    }
    layout = {"yaxis": {"type": "log", "title": {"text": unit}}, "hovermode": "closest"}
    count = sum(sum(counts.values()) for counts in lengths.counts.values())
    about = (
        f"How many responses of {phase} are how long: the darker, the more. From the {count:,} samples that were kept."
    )
    description = (
        f"Lengths of responses over training steps, between {begin(rows[0]):.0f} and {begin(rows[-1] + 1):.0f} {unit}."
    )
    return Chart("Lengths over time", about, {"data": [trace], "layout": layout}, CURVES_HEIGHT, description)
