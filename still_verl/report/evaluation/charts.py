"""The charts of an evaluation, as plain dicts in plotly's JSON: a colour is a model, a benchmark has its own charts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from still_verl.evaluation.rows import Row
from still_verl.report.chart import COLORS, Chart, LegendEntry
from still_verl.report.evaluation.evaluation import Evaluation

STRIP_HEIGHT, CURVES_HEIGHT = 60, 260  # px: of a model's strip, and of all else
SEPARATE = 150  # problems, at most, whose cells have a gap between them
NAMED = 40  # characters of a problem's name that are shown
BINS = 30  # of lengths
RATES = [[0.0, "#d0495b"], [0.5, "#e8c95a"], [1.0, "#2c9462"]]  # colours from never to always solved
DASHES = {"pass@k": ("solid", ""), "pass^k": ("dot", "2 3"), "maj@k": ("dash", "7 4")}  # plotly's, SVG's
OUTCOMES = {"right": ("#2c9462", True), "wrong": ("#d0495b", False)}


def charts(evaluations: Sequence[Evaluation], benchmark: str) -> list[Chart]:
    """Draw one benchmark: its problems by rate, lengths by correctness, figures by k; without what is not known."""
    measured = [each for each in evaluations if benchmark in each.numbers]
    drawn = [*_strips(measured, benchmark)]
    for evaluation in measured:
        drawn += _lengths(evaluation, benchmark, named=len(measured) > 1)
    return [*drawn, *_by_k(measured, evaluations, benchmark)]


def _strips(evaluations: Sequence[Evaluation], benchmark: str) -> list[Chart]:
    """Draw a cell for each problem and model, in the order of the first model's rates."""
    rates = [problem_rates(evaluation.of(benchmark)) for evaluation in evaluations]
    if not rates or not rates[0]:
        return []
    problems = sorted(rates[0], key=rates[0].__getitem__, reverse=True)
    for others in rates[1:]:
        problems = list(dict.fromkeys([*problems, *others]))  # those of the second model alone come last
    cells = []
    for of_model in rates:
        cells.append(list(map(of_model.get, problems)))
    trace = {
        "type": "heatmap",
        "z": cells,
        "y": [evaluation.name for evaluation in evaluations],
        "customdata": [[name[:NAMED] for name in problems]] * len(cells),
        "hovertemplate": "%{y}<br>problem %{customdata}<br>%{z:.0%} right<extra></extra>",
        "zmin": 0,
        "zmax": 1,
        "colorscale": RATES,
        "xgap": int(len(problems) <= SEPARATE),
        "ygap": 2,
        "colorbar": {"tickformat": ".0%", "thickness": 10},
        "meta": {"run": "", "label": ""},
    }
    layout = {
        "xaxis": {"title": {"text": "problems"}, "showgrid": False},
        "yaxis": {"autorange": "reversed", "showticklabels": len(cells) > 1},
        "hovermode": "closest",
    }
    about = "A cell for each problem, from those that are always solved to those that never are."
    if len(cells) > 1:
        about += f" The order is that of {evaluations[0].name} in all rows."
    height = 90 + STRIP_HEIGHT * len(cells)
    return [_chart("Problems by share of right samples", about, [trace], layout, height)]


def problem_rates(rows: Sequence[Row]) -> dict[str, float]:
    """Return the share of right samples of each problem."""
    judged: dict[str, list[bool]] = {}
    for row in rows:
        judged.setdefault(row.problem, []).append(bool(row.correct))
    return {name: sum(correct) / len(correct) for name, correct in judged.items()}


def _lengths(evaluation: Evaluation, benchmark: str, named: bool) -> list[Chart]:
    """Draw how many right and wrong responses have which length. Bins are counted here: the page has no samples."""
    tokens: dict[bool, list[int]] = {True: [], False: []}
    for row in evaluation.of(benchmark):
        if row.tokens is not None:
            tokens[bool(row.correct)].append(row.tokens)
    everything = tokens[True] + tokens[False]
    if not everything:
        return []
    edges = np.histogram_bin_edges(everything, BINS)
    centers = ((edges[:-1] + edges[1:]) / 2).round(1).tolist()
    traces = []
    legend: list[LegendEntry] = []
    for label, (color, correct) in OUTCOMES.items():
        heights, _ = np.histogram(tokens[correct], edges)
        bars = {"type": "bar", "name": label, "x": centers, "y": heights.tolist(), "marker": {"color": color}}
        traces.append(bars | {"meta": {"run": evaluation.name, "label": label}})
        legend.append((label, color, ""))
    layout = {"barmode": "stack", "bargap": 0.05, "xaxis": {"title": {"text": "tokens of a response"}}}
    title = "Length by correctness"
    if named:
        title += f", {evaluation.name}"
    about = "How many responses are that long. Wrong ones at the right end were cut, or never came to an end."
    return [_chart(title, about, traces, layout, CURVES_HEIGHT, legend)]


def _by_k(measured: Sequence[Evaluation], all_of: Sequence[Evaluation], benchmark: str) -> list[Chart]:
    """Draw pass@k, pass^k and maj@k over k."""
    traces = []
    for evaluation in measured:
        found = evaluation.numbers[benchmark]
        curves = {"pass@k": found["pass"], "pass^k": found["pass_all"], "maj@k": found["maj"]}
        color = COLORS[list(all_of).index(evaluation) % len(COLORS)]
        for label, by_k in curves.items():
            known = {int(k): value for k, value in by_k.items() if value is not None}
            if len(known) < 2:
                continue
            line = {"color": color, "dash": DASHES[label][0], "width": 2.2}
            trace = {"type": "scatter", "mode": "lines+markers", "name": f"{evaluation.name} · {label}", "line": line}
            points = {"x": list(known), "y": list(known.values())}
            traces.append(trace | points | {"meta": {"run": evaluation.name, "label": label}})
    if not traces:
        return []
    legend: list[LegendEntry] = [(label, "", dash) for label, (_, dash) in DASHES.items()]
    layout = {"xaxis": {"type": "log", "dtick": "D2", "title": {"text": "k"}}, "yaxis": {"tickformat": ".0%"}}
    about = (
        "pass@k: one of k samples is right; pass^k: all of them are; maj@k: most of them say the right answer. Each is "
        "the exact mean over all choices of k samples."
    )
    return [_chart("Several samples of a problem", about, traces, layout, CURVES_HEIGHT, legend)]


def _chart(
    title: str,
    about: str,
    traces: list[dict[str, Any]],
    layout: dict[str, Any],
    height: int,
    legend: Sequence[LegendEntry] = (),
) -> Chart:
    return Chart(title, about, {"data": traces, "layout": layout}, height, f"{title}: {about}", list(legend))
