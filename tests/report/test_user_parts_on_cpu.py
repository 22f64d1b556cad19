"""A reward term, a keyword category and an alarm of a user's own are on the page without a change of code."""

import json
import re
from pathlib import Path

import pytest

from still_verl.report.charts import Chart, charts
from still_verl.report.page import render
from still_verl.report.read import read_runs
from still_verl.report.run import Run

STEPS = 30


@pytest.fixture
def run(tmp_path: Path) -> Run:
    metrics, samples = [], []
    for step in range(1, STEPS + 1):
        row = {"step": step, "still/reward/correct": 0.5, "still/reward/language": step / STEPS}
        row |= {"still/keywords/reflection/per_1k_words": 1.0, "still/keywords/planning/per_1k_words": step}
        row |= {"still/keywords/planning/per_response": step, "still/alarm/language_mixing": float(step > 20)}
        if step % 10 == 0:
            row |= {"still/validation/reward/language": 0.25, "still/validation/keywords/planning/per_1k_words": 2.0}
        metrics.append(row)
        samples.append({"step": step, "phase": "train", "prompt": "p", "response": "r", "terms": {"language": 0.5}})
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in metrics))
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in samples))
    (run,) = read_runs([tmp_path])
    return run


def chart_of(run: Run, title: str) -> Chart:
    (chart,) = [chart for chart in charts([run]) if chart.title == title]
    return chart


def test_a_reward_term_has_a_line_and_another_for_validations(run: Run) -> None:
    chart = chart_of(run, "Reward")
    assert dict(chart.table)["language"] == ["0.03333", "0.03333", "1", "1"]
    assert dict(chart.table)["language, validation"] == ["0.25"] * 4
    assert "language" in [label for label, _, _ in chart.legend]


def test_a_keyword_category_has_a_line_in_both_charts_of_words(run: Run) -> None:
    for_each_1000_words = chart_of(run, "Reasoning words, per 1,000 words")
    assert [name for name, _ in for_each_1000_words.table] == ["planning", "reflection", "planning, validation"]
    assert [name for name, _ in chart_of(run, "Reasoning words, per response").table] == ["planning"]


def test_an_alarm_is_drawn_shaded_and_named_on_top(run: Run) -> None:
    assert chart_of(run, "Alarms").figure["data"][0]["x"] == list(range(21, 31))
    assert chart_of(run, "Reward").figure["layout"]["shapes"][0]["x0"] == 20.5
    assert "Alarm: language mixing in steps 21 to 30." in render([run])


def test_they_are_keys_figures_and_facts_of_the_page(run: Run) -> None:
    page = render([run])
    for label in ("language", "planning", "language, validation", "planning, validation"):
        assert f'data-label="{label}"' in page
    assert re.search(r'<span class="facts">step 30[^<]*, language 0\.5</span>', page)
    figures = json.loads(re.findall(r'id="figures">(.*?)</script>', page, re.DOTALL)[0])
    drawn = {trace["meta"]["label"] for figure in figures for trace in figure["data"]}
    assert {"language", "planning"} <= drawn
