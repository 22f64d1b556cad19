"""Charts: what they show of the numbers, and that plotly takes them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from still_verl.report.chart import COLORS
from still_verl.report.charts import charts
from still_verl.report.comparison.tables import final_figures
from still_verl.report.figure import ALARM_COLOR
from still_verl.report.read import read_runs
from still_verl.report.run import Run


def test_plotly_knows_every_property_of_every_figure(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    runs = read_runs([write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=2)])
    for chart in charts(runs):
        go.Figure(chart.figure)
        json.dumps(chart.figure, allow_nan=False)


def test_a_schedule_is_drawn_under_what_it_acts_on_on_the_same_axis(
    tmp_path: Path, write_run: Callable[..., Path]
) -> None:
    drawn = {chart.title: chart for chart in charts(read_runs([write_run(tmp_path / "a")]))}
    layout, data = drawn["Entropy"].figure["layout"], drawn["Entropy"].figure["data"]
    assert [note["text"] for note in layout["annotations"]] == ["coefficient", "temperature"]
    assert layout["yaxis3"]["domain"][1] < layout["yaxis2"]["domain"][0] < layout["yaxis"]["domain"][0]
    assert {trace["yaxis"] for trace in data} == {"y", "y2", "y3"}
    assert "Below" not in drawn["Accuracy"].about and "Below" in drawn["KL to the reference"].about


def test_the_steps_of_an_alarm_are_shaded_in_every_chart(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    drawn = {chart.title: chart for chart in charts(read_runs([write_run(tmp_path / "a", steps=100)]))}
    expected = [(60.5, 74.5), (90.5, 100.5)]
    for title in ("Accuracy", "Entropy", "Completion"):
        shapes = drawn[title].figure["layout"]["shapes"]
        assert [(s["x0"], s["x1"]) for s in shapes] == expected and shapes[0]["fillcolor"] == ALARM_COLOR
    assert drawn["Alarms"].figure["data"][0]["x"] == list(range(61, 75))


def test_colour_tells_the_run_and_dash_the_line_where_there_are_several(
    tmp_path: Path, write_run: Callable[..., Path]
) -> None:
    runs = read_runs([write_run(tmp_path / "a"), write_run(tmp_path / "b")])
    chart = next(chart for chart in charts(runs) if chart.title == "Completion")
    looks = {(t["meta"]["run"], t["meta"]["label"]): t["line"] for t in chart.figure["data"]}
    assert len({line["color"] for (name, _), line in looks.items() if name == runs[0].name}) == 1
    assert {line["color"] for line in looks.values()} == set(COLORS[:2])
    assert [(label, color) for label, color, _ in chart.legend] == [("finished", ""), ("answered", "")]


def test_plain_verl_metrics_are_enough() -> None:
    values = dict.fromkeys(range(30), 0.5)
    names = (
        "critic/score/mean",
        "response_length/mean",
        "response_length/clip_ratio",
        "actor/entropy",
        "actor/kl_loss",
    )
    titles = [chart.title for chart in charts([Run("r", Path(), {name: values for name in names})])]
    assert titles == ["Reward", "Length of responses", "Completion", "Entropy", "KL to the reference"]


def test_runs_without_numbers_have_no_charts() -> None:
    assert charts([Run("r", Path())]) == []
    assert charts([Run("r", Path(), {"actor/entropy": {1: None}})]) == []


@pytest.mark.parametrize("page", ["#ffffff", "#1b2027"])
def test_every_colour_stands_out_from_the_page(page: str) -> None:
    """WCAG 2.2, 1.4.11: 3 to 1 for graphics."""
    for color in (*COLORS, ALARM_COLOR):
        low, high = sorted((luminance(color), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3, color


def luminance(color: str) -> float:
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_validations_are_drawn_with_training_and_apart_from_it(tmp_path: Path) -> None:
    steps = {1: 0.2, 9: 0.4}
    names = ("accuracy", "length/mean", "length/p50", "completion/finished", "keywords/reflection/per_1k_words")
    series = {f"still/{part}{name}": dict(steps) for name in names for part in ("", "validation/")}
    series["val-core/math/acc/mean@4"] = {1: 0.1, 9: 0.3}
    drawn = {chart.title: [row for row, _ in chart.table] for chart in charts([Run("run", tmp_path, series)])}
    assert drawn["Accuracy"] == ["math", "training"]  # one source: both tell the same, ours is drawn
    assert drawn["Length of responses"] == ["mean", "median", "mean, validation"]
    assert drawn["Completion"] == ["finished", "finished, validation"]
    assert drawn["Reasoning words, per 1,000 words"] == ["reflection", "reflection, validation"]
    figures = dict(final_figures([Run("run", tmp_path, series)]))
    assert figures["validation accuracy, math"] == ["40.0%"] and figures["validation, finished"] == ["40.0%"]


def test_a_validation_is_drawn_with_its_error_and_pass_at_k() -> None:
    names = ("problems/mean", "problems/low", "problems/high", "pass@2", "pass@8", "source/math/pass@8")
    series = {f"still/validation/{name}": {0: 0.25, 10: 0.5} for name in names}
    series["still/validation/accuracy"] = {0: 0.25, 10: 0.5}
    series["still/validation/problems/low"] = {0: 0.2, 10: 0.4}
    series["still/validation/problems/high"] = {0: 0.25, 10: 0.75}
    series["val-core/math/acc/mean@8"] = {0: 0.25, 10: 0.5}
    drawn = {chart.title: chart for chart in charts([Run("a", Path("a"), series)])}
    (line,) = drawn["Accuracy"].figure["data"]
    assert line["error_y"]["array"] == [0.0, 0.25] and line["error_y"]["arrayminus"] == [0.05, 0.1]
    assert [label for label, _, _ in drawn["Solved by one of several samples"].legend] == [
        "pass@2",
        "pass@8",
        "math/pass@8",
    ]
