"""`still-verl eval` with samples that exist: two models, reports, and what cannot be."""

import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from still_verl.cli import app


def write_samples(path: Path, gain: float, problems: int = 40, named: str = "What is 3 + {}?") -> Path:
    """Samples of a model that knows as much as another one, and `gain` of the rest."""
    draw = random.Random(0)
    with path.open("w") as file:
        for problem in range(problems):
            rate = random.Random(problem).random()
            for _ in range(8):
                right = draw.random() < rate + gain * (1 - rate)
                answer = 3 + problem if right else draw.randint(100, 120)
                row = {"problem": named.format(problem), "answer": str(3 + problem)}
                file.write(json.dumps(row | {"response": f"Wait, it is \\boxed{{{answer}}}"}) + "\n")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", *map(str, arguments)], env={"COLUMNS": "120"})


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    return write_samples(tmp_path / "trained.jsonl", 0.5), write_samples(tmp_path / "base.jsonl", 0.0)


def test_json_has_the_comparison_beside_the_numbers(models: tuple[Path, Path]) -> None:
    trained, base = models
    done = run("--from", trained, "--against", base, "--json", "--margin", 3)
    found = json.loads(done.stdout)["samples"]
    assert {"problems", "k", "avg", "stderr", "interval", "pass", "maj"} <= set(found)
    assert found["against"]["verdict"] == "better" and found["against"]["margin"] == 0.03
    other = json.loads(run("--from", base, "--json").stdout)["samples"]
    assert found["against"]["difference"] == pytest.approx(found["avg"] - other["avg"])
    assert "against" not in other


def test_the_terminal_shows_both_tables(models: tuple[Path, Path]) -> None:
    done = run("--from", models[0], "--against", models[1])
    assert done.exit_code == 0 and "verdict" in done.stdout and "detectable difference" in done.stdout
    assert "avg@k" in done.stdout and " ± " in done.stdout


def test_reports_in_each_format(models: tuple[Path, Path], tmp_path: Path) -> None:
    files = [tmp_path / f"r.{suffix}" for suffix in ("html", "md", "json")]
    reports = [argument for file in files for argument in ("--report", file)]
    done = run("--from", models[0], "--against", models[1], *reports)
    assert done.exit_code == 0, done.output
    page, text, data = (file.read_text() for file in files)
    assert page.startswith("<!doctype html>") and "is better than" in page and "is better than" in text
    keywords = json.loads(data)["models"][str(models[0])]["benchmarks"]["samples"]["keywords"]
    assert keywords["reflection"] == 250  # one word of four


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--report", "r.pdf"), "--report r.pdf: let its name end in .html, .md, .json"),
        (("--margin", "0"), "--margin 0: use more than 0 and less than 100 points"),
        (("--against", "nowhere.jsonl"), "--against nowhere.jsonl: there is no such file or folder"),
    ],
)
def test_what_cannot_be_is_refused(models: tuple[Path, Path], arguments: tuple[str, ...], message: str) -> None:
    done = run("--from", models[0], *arguments)
    assert done.exit_code == 1 and message in done.stderr and done.stdout == ""


def test_other_problems_are_not_compared(models: tuple[Path, Path], tmp_path: Path) -> None:
    other = write_samples(tmp_path / "other.jsonl", 0.0, named="Add 3 to {}.")
    done = run("--from", models[0], "--against", other)
    assert done.exit_code == 1 and "no problem is in both" in done.stderr


def test_a_name_cannot_write_into_the_terminal(tmp_path: Path) -> None:
    row = {"benchmark": "[bold red]x[/] \x1b[2J", "problem": "a", "correct": True}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    done = run("--from", tmp_path / "rows.jsonl")
    assert done.exit_code == 0 and "\x1b[2J" not in done.stdout and "[bold red]x[/]" in done.stdout.replace("\n", "")


def test_more_samples_than_there_are_is_not_defined(models: tuple[Path, Path]) -> None:
    found = json.loads(run("--from", models[0], "--json", "-k", 64).stdout)["samples"]
    assert found["k"] == 64 and found["pass"]["64"] is None and found["maj"]["64"] is None
    assert found["pass"]["8"] > found["pass"]["1"] and len(found["incomplete"]) == 40
    shown = run("--from", models[0], "-k", 64).stdout
    assert shown.count("not defined") == 3
    assert "--k 0: use 1 or more" in run("--from", models[0], "-k", 0).stderr


# Right answers of five to each of 30 problems: 43 and 59 of 150, as the study has of AIME 24.
STUDY = {
    "base": [5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1] + [0] * 15,
    "trained": [5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1] + [0] * 11,
}


def test_the_studys_numbers_are_printed_with_their_errors(tmp_path: Path) -> None:
    files = {}
    for name, counts in STUDY.items():
        rows = []
        for problem, right in enumerate(counts):
            rows += [{"benchmark": "aime24", "problem": f"p{problem}", "correct": i < right} for i in range(5)]
        files[name] = tmp_path / f"{name}.jsonl"
        files[name].write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert re.search(r"avg@k +│ +28\.67 ± \d\.\d\d ", run("--from", files["base"]).stdout)
    shown = run("--from", files["trained"], "--against", files["base"]).stdout
    assert re.search(r"avg@k +│ +39\.33 ± \d\.\d\d ", shown) and "+10.67 ± " in shown
    assert re.search(r"detectable difference +│ +\d+\.\d\d ", shown)
