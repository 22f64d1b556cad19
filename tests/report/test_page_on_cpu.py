"""The page as a file: escaped, self-contained, comparable, small."""

import re
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.report.highlight import HEAD, TAIL, highlight
from still_verl.report.page import render, write_report
from still_verl.report.read import read_runs
from still_verl.report.run import Run

MATHML = "http://www.w3.org/1998/Math/MathML"


def without_plotly(page: str) -> str:
    return re.sub(r'<script type="text/plain" id="plotly">.*?</script>', "", page, flags=re.DOTALL)


def test_the_text_of_a_model_is_escaped_everywhere(tmp_path: Path, write_run: Callable[..., Path], evil: str) -> None:
    page = without_plotly(render(read_runs([write_run(tmp_path / "run")])))
    assert evil not in page and "<img src=x" not in page and "&lt;script&gt;document.title" in page
    assert len(re.findall(r"<script\b", page)) == 5  # figures, metrics, samples, formulas, what runs


def test_the_name_of_a_metric_cannot_end_the_script_element() -> None:
    name = "still/reward/</script><script>alert(1)</script>"
    page = without_plotly(render([Run("</title><script>alert(2)</script>", Path(), {name: {1: 0.1, 2: 0.2}})]))
    assert "<script>alert" not in page


def test_a_page_asks_for_nothing_from_anywhere(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    page = without_plotly(render(read_runs([write_run(tmp_path / "run")])))
    page = page.replace(MATHML, "")  # the name of a namespace, which nobody asks for
    assert not re.search(r'(?:src|href)="(?!#|data:)', page) and "http" not in page and "@import" not in page


def test_secrets_of_the_config_are_not_in_the_page(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    assert "hunter2" not in render(read_runs([write_run(tmp_path / "run")]))


def test_words_code_and_boxes_are_marked_whole_and_in_any_case() -> None:
    text = str(highlight("Wait, attribute & incorrectly; Double-check\n```python\nwait <b>\n``` \\boxed{1}"))
    found = re.findall(r'<mark class="(\w+)"[^>]*>(.*?)</mark>', text, re.DOTALL)
    assert [kind for kind, _ in found] == ["reflection", "verification", "tool", "answer"]
    assert found[2][1] == "```python\nwait &lt;b&gt;\n```" and "&amp; incorrectly;" in text


def test_a_long_response_loses_its_middle_only() -> None:
    text = str(highlight("a" * HEAD + "b" * 5000 + "c" * TAIL))
    assert "b" * 10 not in text and "5,000 characters are left out" in text and text.endswith("c" * TAIL)


def test_the_command_writes_a_page_and_says_where(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    page = tmp_path / "pages" / "r.html"
    done = CliRunner().invoke(app, ["report", str(write_run(tmp_path / "run")), "-o", str(page)])
    assert done.exit_code == 0 and str(page) in done.output
    assert page.read_text().startswith("<!doctype html>") and list(page.parent.iterdir()) == [page]


def test_the_command_names_a_path_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(tmp_path / "nowhere"), "-o", str(tmp_path / "r.html")])
    assert done.exit_code == 1 and "does not exist" in done.output and not (tmp_path / "r.html").exists()


def test_a_run_that_has_just_begun_gets_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("a: 1\n")
    (run,) = write_report([tmp_path], tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert run.problems and "No metrics were logged yet" in page and "No samples were found" in page
    assert len(page) < 50_000, "nothing is drawn, so plotly stays out"


def test_a_folder_of_runs_is_the_runs_in_it_each_once(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / "runs" / name, steps=20)
    runs = write_report([tmp_path / "runs", tmp_path / "runs" / "a"], tmp_path / "r.html")
    assert [run.name for run in runs] == ["runs/a", "runs/b"] and all(run.samples for run in runs)
    assert "runs/b" in (tmp_path / "r.html").read_text()


def test_a_run_of_metrics_that_nobody_knows_is_drawn_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("".join(f'{{"step": {step}, "mine/loss": {step}}}\n' for step in range(9)))
    write_report([tmp_path], tmp_path / "r.html")
    assert "A metric that this page knows nothing about" in (tmp_path / "r.html").read_text()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", str(tmp_path), "-o", str(tmp_path / "r.html")])
    assert result.exit_code == 1 and not (tmp_path / "r.html").exists()
    assert "has no log that is recognised; looked for: still_verl's metrics.jsonl" in result.stderr
