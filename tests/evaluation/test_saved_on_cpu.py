"""Samples that exist already: dumps of verl, and rows of other tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.evaluation import saved
from still_verl.evaluation.rows import Row, write_rows
from still_verl.evaluation.score import Scorer
from still_verl.logs.files import Notes


def write(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def read(path: Path, **scorer: Any) -> tuple[list[Row], list[str]]:
    notes = Notes()
    rows = Scorer(**scorer).score(saved.read_saved(saved.saved_files(path, notes), notes))
    return rows, notes.texts()


def dump(problem: str, output: str, gold: Any, **more: Any) -> dict[str, Any]:
    return {"input": problem, "output": output, "gts": gold, "score": 0.0, "step": 3} | more


def figures(path: Path, *options: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    done = CliRunner().invoke(app, ["eval", "--from", str(path), "--json", *options])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_contract_of_json(tmp_path: Path) -> None:
    rows = [{"problem": "a", "correct": True}, {"problem": "a", "correct": False}, {"problem": "b", "correct": 1}]
    found = figures(write(tmp_path / "rows.jsonl", [*rows, {"problem": "b", "correct": True}]))
    assert list(found) == ["samples"]
    assert {"problems": 2, "k": 2, "avg": 0.75, "maj": {"1": None, "2": None}}.items() <= found["samples"].items()
    assert found["samples"]["pass"] == {"1": 0.75, "2": 1.0}
    assert found["samples"]["stderr"] == pytest.approx(0.25)  # 0.5 and 1: deviation 0.3536, over the root of 2


def test_responses_are_scored_where_no_verdict_is_given(tmp_path: Path) -> None:
    rows = [
        {"problem": "a", "response": r"so \boxed{0.5}", "answer": "1/2"},
        {"problem": "a", "response": r"so \boxed{3}", "answer": "1/2"},
        {"problem": "a", "response": "I do not know what to say about it at all.\n" * 20, "answer": "1/2"},
    ]
    found, notes = read(write(tmp_path / "rows.jsonl", rows))
    assert [row.correct for row in found] == [True, False, False] and not notes
    assert [row.vote for row in found] == ["1/2", "3", None]
    assert [row.extracted_by for row in found] == ["boxed", "boxed", ""]


def test_the_verdict_of_a_dump_counts_and_ours_stands_beside_it(tmp_path: Path) -> None:
    rows = [dump("a", r"\boxed{4}", "4", acc=0.0), dump("a", r"\boxed{5}", "4", acc=1.0)]
    path = write(tmp_path / "3.jsonl", rows)
    found, _ = read(path)
    assert [row.correct for row in found] == [False, True] and [row.strict for row in found] == [True, False]
    rescored, _ = read(path, rescore=True)
    assert [row.correct for row in rescored] == [True, False]


@pytest.mark.parametrize("score", [-1.0, 0.3, float("nan"), "right", None])
def test_a_score_that_is_no_verdict_is_not_taken_for_one(score: Any, tmp_path: Path) -> None:
    rows = [dump("a", r"\boxed{4}", "4") | {"score": score}, dump("b", "none", "4") | {"score": score}]
    assert [row.correct for row in read(write(tmp_path / "3.jsonl", rows))[0]] == [True, False]


def test_of_a_folder_of_dumps_the_last_step_is_read(tmp_path: Path) -> None:
    for step in (8, 10, 9):
        write(tmp_path / "run" / "validation" / f"{step}.jsonl", [dump("a", r"\boxed{4}", "4", acc=float(step == 10))])
    rows, notes = read(tmp_path / "run")
    assert [row.correct for row in rows] == [True]
    assert "the last one, 10.jsonl, was read" in notes[0]
    assert len(read(tmp_path / "run" / "validation" / "8.jsonl")[0]) == 1


def test_our_own_rows_and_the_benchmarks_that_a_file_names(tmp_path: Path) -> None:
    rows = [Row("aime24", "1", 0, correct=True), Row("aime24", "1", 1, fault="it broke"), Row("math", "1", 0)]
    write_rows(tmp_path / "rows.jsonl", [*rows, rows[0]])
    found, notes = read(tmp_path)
    assert [(row.benchmark, row.correct) for row in found] == [("aime24", True), ("aime24", None), ("math", None)]
    assert [row.fault for row in found] == ["", "it broke", saved.NO_RESPONSE]
    assert notes == ["samples that are in the file twice, counted once: 1"]


BAD = {
    "lines that are no JSON object, left out: 2": ['{"problem": "a", "cor', "[1]"],
    "empty lines, left out: 1": ["  "],
    "rows without problem or question": [{"correct": True}],
    "ids that stand for two problems": [
        {"id": 1, "problem": "x", "correct": 1},
        {"id": 1, "problem": "y", "correct": 1},
    ],
    "problems with one text and two right answers": [
        {"problem": "x", "correct": 1, "answer": "1"},
        {"problem": "x", "correct": 1, "answer": "2"},
    ],
}


@pytest.mark.parametrize("said, rows", BAD.items())
def test_a_bad_line_is_counted_and_said_in_one_line(said: str, rows: list[Any], tmp_path: Path) -> None:
    good = {"problem": "a", "correct": True}
    found, notes = read(write(tmp_path / "rows.jsonl", [good, *rows, good]))
    assert [note for note in notes if note.startswith(said)], notes
    assert len({row.problem for row in found}) == 1 + 2 * ("two" in said)


LEFT_OUT = {
    "no right answer": {"problem": "b", "response": r"\boxed{1}", "answer": None},
    "no response": {"problem": "b", "response": None, "answer": "1"},
    "neither a verdict": {"problem": "b", "answer": "1"},
    "the right answer cannot be read: ": {"problem": "b", "response": r"\boxed{1}", "answer": "nan"},
    "the right answer does not equal itself: ": {"problem": "b", "response": r"\boxed{1}", "answer": r"\frac{1}{2"},
}


@pytest.mark.parametrize("said, row", LEFT_OUT.items())
def test_what_nobody_can_judge_is_left_out_and_never_wrong(said: str, row: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [{"problem": "a", "correct": True}, row])
    assert [found.fault for found in read(path)[0]][1].startswith(said)
    assert figures(path)["samples"]["avg"] == 1.0


def test_a_torn_file_a_compressed_one_and_one_with_a_mark(tmp_path: Path) -> None:
    import gzip

    text = '{"problem": "a", "correct": true}\r\n{"problem": "b\u2028c", "correct": true}\n{"problem": "c", "co'
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.jsonl").write_bytes(b"\xef\xbb\xbf" + text.encode())
    rows, notes = read(tmp_path)
    assert [row.problem for row in rows] == ["a", "b\u2028c", "a", "b\u2028c"]
    assert notes == ["lines that are no JSON object, left out: 2"]


@pytest.mark.parametrize("content", ["", "\n\n", "no JSON\n"])
def test_a_file_without_samples_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(ConfigError, match="no samples in it"):
        read(tmp_path / "rows.jsonl")


def test_index_and_id_of_other_tools_are_no_samples_of_ours(tmp_path: Path) -> None:
    rows = [{"index": 7, "uid": str(n), "problem": "a", "correct": n % 2} for n in range(4)]
    assert [row.index for row in read(write(tmp_path / "rows.jsonl", rows))[0]] == [0, 1, 2, 3]
