"""What moved between two sets, graded ones and those without ids too."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from raw_problems import PROBLEMS, run, write_rows
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.curation.diff import difference

ROWS = [{"id": str(number), "problem": text, "answer": gold} for number, (text, gold) in enumerate(PROBLEMS[:3])]


def graded(source: Path, output: Path, rates: dict[str, float]) -> Path:
    """A graded set, of which each problem has the rate that its id says."""
    found = []
    for row in ROWS:
        for number in range(24):
            score = float(number < rates[row["id"]] * 24)
            found.append({"input": f"user\n{row['problem']}\n", "output": "x", "gts": row["answer"], "score": score})
    dump = write_rows(output.with_suffix(".dump.jsonl"), found)
    done = CliRunner().invoke(app, ["data", "difficulty", str(source), "m", "--from", str(dump), "-o", str(output)])
    assert done.exit_code == 0, done.output
    return output


def moved(left: Path, right: Path) -> list[tuple[Any, ...]]:
    return [(step["from"], step["to"], step["rows"]) for step in difference(left, right)["moved"]]


def test_a_graded_set_beside_the_one_that_it_was_made_of(tmp_path: Path) -> None:
    run(tmp_path, ROWS)
    found = graded(tmp_path / "out", tmp_path / "graded", {"0": 0.0, "1": 0.5, "2": 1.0})
    assert moved(tmp_path / "out", found) == [("kept", "dropped: too_easy", 1), ("kept", "dropped: too_hard", 1)]
    files = {json.loads(text)["file"] for text in (found / "dropped.jsonl").read_text().splitlines()}
    assert files == {"rows.jsonl"}


def test_graded_sets_without_extra_columns(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [{"problem": row["problem"], "answer": row["answer"]} for row in ROWS])
    one = graded(source, tmp_path / "one", {"0": 0.0, "1": 0.5, "2": 1.0})
    other = graded(source, tmp_path / "other", {"0": 0.5, "1": 0.5, "2": 0.0})
    none = graded(source, tmp_path / "none", {"0": 0.0, "1": 0.0, "2": 1.0})
    steps = [("dropped: too_easy", "dropped: too_hard", 1), ("dropped: too_hard", "kept", 1)]
    assert moved(one, other) == steps
    assert moved(one, none) == [("kept", "dropped: too_hard", 1)]
    assert moved(one, one) == []


def test_rows_with_one_id_are_several_rows(tmp_path: Path) -> None:
    rows = [{**row, "id": "same"} for row in ROWS]
    run(tmp_path, [*rows, {"id": "same", "problem": "Prove that 1 = 1.", "answer": "1"}])
    shutil.move(tmp_path / "out", tmp_path / "before")
    run(tmp_path, [*rows[:2], {"id": "same", "problem": "Prove that 1 = 1.", "answer": "1"}])
    assert moved(tmp_path / "before", tmp_path / "out") == [("kept", "not there", 1)]
    assert moved(tmp_path / "out", tmp_path / "before") == [("not there", "kept", 1)]


def test_a_manifest_stands_for_its_folder(tmp_path: Path) -> None:
    run(tmp_path, ROWS)
    found = difference(tmp_path / "out" / "manifest.json", tmp_path / "out")
    assert found == {"changed": [], "moved": [], "edited": []}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dropped.jsonl", '{"id": "x"'),
        ("dropped.jsonl", "[1]"),
        ("dropped.jsonl", '{"id": "x"}'),
        ("dropped.jsonl", None),
        ("manifest.json", "[" * 100_000),
        ("manifest.json", "[]"),
    ],
)
def test_a_damaged_folder_is_no_set_whose_rows_moved(tmp_path: Path, name: str, text: str | None) -> None:
    run(tmp_path, [*ROWS, {"id": "9", "problem": "What is it?"}])
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "out", other)
    (other / name).unlink()
    if text is not None:
        (other / name).write_text(text)
    with pytest.raises(ConfigError, match=f"{other}: "):
        difference(tmp_path / "out", other)


def test_a_row_that_stays_and_has_another_answer_is_said(tmp_path: Path) -> None:
    """Two sets in which every answer was another one looked the same."""
    run(tmp_path, ROWS)
    shutil.move(tmp_path / "out", tmp_path / "before")
    run(tmp_path, [{**ROWS[0], "answer": "7"}, {**ROWS[1], "problem": f"Well. {PROBLEMS[1][0]}"}, ROWS[2]])
    found = difference(tmp_path / "before", tmp_path / "out")
    assert found["moved"] == []
    assert found["edited"] == [
        {"what": "answer", "rows": 1, "example": "0"},
        {"what": "problem", "rows": 1, "example": "1"},
    ]
    same_ids = [{**row, "id": "same"} for row in ROWS]
    for name in ("same", "other"):
        (tmp_path / name).mkdir()
    run(tmp_path / "same", same_ids)
    run(tmp_path / "other", [{**same_ids[0], "answer": "7"}, *same_ids[1:]])
    found = difference(tmp_path / "same" / "out", tmp_path / "other" / "out")
    assert found["edited"] == [{"what": "answer", "rows": 1, "example": "same"}]
    run(tmp_path, ROWS, instruction="Box it.")
    (edited,) = difference(tmp_path / "before", tmp_path / "out")["edited"]
    assert edited["what"] == "prompt" and edited["rows"] == 3
    same = CliRunner().invoke(app, ["data", "diff", str(tmp_path / "out"), str(tmp_path / "out")])
    assert same.output == "The two sets are the same.\n"
