"""The report of evaluations: what it says, that it is safe, and that a browser draws it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest
from browser_tab import CHROMIUM, open_file

from still_verl.config_errors import ConfigError
from still_verl.evaluation.results import numbers
from still_verl.report.evaluation.charts import charts
from still_verl.report.evaluation.evaluation import Evaluation, compared
from still_verl.report.evaluation.markdown import markdown
from still_verl.report.evaluation.page import render
from still_verl.report.evaluation.sentences import verdict
from still_verl.report.evaluation.tables import figures
from still_verl.report.evaluation.write import check_report, write

SIZES = {"aime24": 30, "math<500>": 40}
Make = Callable[..., Evaluation]


def two(make: Make, gain: float = 0.6) -> list[Evaluation]:
    return [make("trained", 1, gain, SIZES), make("base", 2, 0.0, SIZES)]


def test_one_model_is_told_with_its_error(make_evaluation: Make) -> None:
    evaluation = make_evaluation("m", 1, 0.0, {"aime24": 30})
    said = verdict([evaluation], {})
    found = evaluation.numbers["aime24"]
    assert f"{100 * found['avg']:.2f} ± {100 * found['stderr']:.2f} % of 30 problems with 5 samples" in said.headline
    assert said.mood == ""


def test_a_better_model_is_called_better_and_the_other_one_worse(make_evaluation: Make) -> None:
    both = two(make_evaluation)
    said = verdict(both, compared(both))
    assert said.headline.startswith("trained is better than base on aime24, by ") and said.mood == "good"
    assert "This comparison finds a true difference of" in said.headline
    assert any("corrected for 2 benchmarks" in text for text in said.sentences)
    assert verdict(both[::-1], compared(both[::-1])).mood == "bad"


def test_two_of_the_same_are_not_told_apart(make_evaluation: Make) -> None:
    both = [make_evaluation("a", 1, 0.0, {"b": 30}), make_evaluation("c", 2, 0.0, {"b": 30})]
    assert verdict(both, compared(both)).headline.startswith("Nobody can tell which is better on b: ")


def test_what_only_one_model_has_is_named(make_evaluation: Make) -> None:
    both = [make_evaluation("a", 1, 0.0, {"b": 9, "c": 8}), make_evaluation("d", 2, 0.0, {"b": 8})]
    said = verdict(both, compared(both)).sentences
    assert "c is not compared: only a has samples of its problems." in said
    assert "b: 1 problems of one model only are left out: p8." in said


def test_what_is_missing_is_named(make_evaluation: Make) -> None:
    whole = make_evaluation("m", 1, 0.0, {"b": 8})
    rows = [replace(row, fault="http 500") if row.problem == "p3" else row for row in whole.rows]
    evaluation = replace(whole, rows=rows, numbers=numbers(rows))
    assert "1 problems have fewer samples, and are left out of pass@k: p3 (0)." in verdict([evaluation], {}).headline
    table = dict(figures([(evaluation, "b")]))
    assert table["samples left out"] == ["5"] and table["problems"] == ["7"]


def test_pass_at_k_says_of_how_many_problems_it_is(make_evaluation: Make) -> None:
    """One problem with more samples than the others would speak for all of them."""
    whole = make_evaluation("m", 1, 0.0, {"b": 8})
    rows = [row for row in whole.rows if row.problem == "p0" or row.index < 4]
    table = dict(figures([(replace(whole, rows=rows, numbers=numbers(rows)), "b")]))
    assert table["samples of each"] == ["5"] and table["pass@k"][0].endswith("(of 1 problems)")
    assert "(of" not in table["avg@k"][0]


def test_the_table_has_what_is_known_and_no_row_without(make_evaluation: Make) -> None:
    evaluation = make_evaluation("m", 1, 0.0, {"b": 8})
    table = dict(figures([(evaluation, "b")]))
    assert (
        table["answered"] == ["80.00"] and table["finished"] == ["100.00"] and table["seconds of a response"] == ["2.0"]
    )
    assert float(table["verification, per 1,000 words"][0]) > 0
    bare = [replace(row, tokens=None, seconds=None, finish_reason=None) for row in evaluation.rows]
    table = dict(figures([(replace(evaluation, rows=bare, texts={}), "b")]))
    assert not {"tokens of a response", "seconds of a response", "finished"} & set(table)


def test_an_answer_that_was_not_found_is_shown(make_evaluation: Make) -> None:
    texts = make_evaluation("m", 1, 0.0, {"b": 8}).texts["b"]
    assert [row.problem for row in texts.unanswered] == ["p0", "p1", "p2"]
    assert all(not row.answered and row.response for row in texts.unanswered)
    assert all(row.strict is False and row.lenient for row in texts.disputed)


def test_plotly_knows_every_property_of_every_figure(make_evaluation: Make) -> None:
    both = two(make_evaluation)
    drawn = charts(both, "aime24")
    assert len(drawn) == 4
    for chart in drawn:
        go.Figure(chart.figure)
        json.dumps(chart.figure, allow_nan=False)


def test_the_strip_compares_the_same_problems(make_evaluation: Make) -> None:
    both = two(make_evaluation)
    (trace,) = charts(both, "aime24")[0].figure["data"]
    ours, theirs = trace["z"]
    assert ours == sorted(ours, reverse=True) and theirs != sorted(theirs, reverse=True)
    rates = {}
    for name in trace["customdata"][1]:
        rows = [row for row in both[1].of("aime24") if row.problem == name]
        rates[name] = sum(bool(row.correct) for row in rows) / len(rows)
    assert theirs == [rates[name] for name in trace["customdata"][1]]


def test_the_text_of_a_model_is_escaped_everywhere(make_evaluation: Make) -> None:
    both = two(make_evaluation)
    page = render([replace(both[0], name="<img src=x>"), both[1]], compared(both))
    page = re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)
    assert "<img" not in page and "&lt;script&gt;document.title" in page and "math&lt;500&gt;" in page
    assert len(re.findall(r"<script\b", page)) == 2


def test_markdown_has_whole_rows_whatever_a_name_is(make_evaluation: Make) -> None:
    both = two(make_evaluation)
    text = markdown([replace(both[0], name="a|b\n<i>"), both[1]], compared(both))
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {4, 6}
    assert "<" not in text.replace("\\<", "")


def test_the_formats_and_a_wrong_one(make_evaluation: Make, tmp_path: Path) -> None:
    both = two(make_evaluation)
    comparisons = compared(both)
    for suffix in ("html", "md", "json"):
        write(tmp_path / "new" / f"r.{suffix}", both, comparisons)
    assert len(list((tmp_path / "new").iterdir())) == 3
    found = json.loads((tmp_path / "new" / "r.json").read_text())
    assert found["comparison"]["aime24"]["verdict"] == "better"
    assert found["models"]["base"]["benchmarks"]["aime24"]["avg"] == both[1].numbers["aime24"]["avg"]
    with pytest.raises(ConfigError, match=r"--report r\.pdf: let its name end in \.html, \.md, \.json"):
        check_report(Path("r.pdf"))


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_a_browser_draws_it(browser: str, make_evaluation: Make, tmp_path: Path) -> None:
    both = two(make_evaluation)
    write(tmp_path / "r.html", both, compared(both))
    seen = open_file(browser, tmp_path / "r.html")
    assert seen["charts"] == 8 and seen["text"] and seen["hidden"] == "false"
    write(tmp_path / "one.html", both[:1], {})
    assert open_file(browser, tmp_path / "one.html", width=390, scheme="dark")["charts"] == 6
