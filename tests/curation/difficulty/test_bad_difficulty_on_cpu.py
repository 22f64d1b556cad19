"""What cannot be graded by difficulty is refused in one line, and what does not count is counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from raw_problems import write_rows
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.curation.difficulty.training_set import read_training_set

PROBLEM = {"id": "7", "problem": "How many legs have three spiders and two cows in all, please?", "answer": "32"}
SAMPLE = {"problem": PROBLEM["problem"], "answer": "32", "correct": True}
OTHER = {"problem": "How many wings have three spiders and two cows in all, please?", "answer": "0", "correct": True}


def command(tmp_path: Path, problems: list[Any], samples: list[Any], *arguments: str) -> tuple[int, str]:
    source = write_rows(tmp_path / "set.jsonl", problems)
    dump = write_rows(tmp_path / "dump.jsonl", samples)
    given = ["data", "difficulty", str(source), "--from", str(dump), "-o", str(tmp_path / "out"), *arguments]
    done = CliRunner().invoke(app, given)
    return done.exit_code, done.stderr.replace(str(tmp_path), "TMP")


@pytest.mark.parametrize(
    "said, problems, samples, arguments",
    [
        ("--band 0.8 0.2: ", [PROBLEM], [SAMPLE], ["--band", "0.8", "0.2"]),
        ("--confidence 0.5: ", [PROBLEM], [SAMPLE], ["--confidence", "0.5"]),
        ("--keep='easy': use one of in, below, above, undecided", [PROBLEM], [SAMPLE], ["--keep", "easy"]),
        ("--temperature: --from scores samples that are there", [PROBLEM], [SAMPLE], ["--temperature", "0"]),
        ("--url: --from scores samples that are there", [PROBLEM], [SAMPLE], ["--url", "http://localhost:1"]),
        ("--verifier='loose'", [PROBLEM], [SAMPLE], ["--verifier", "loose"]),
        ("INPUT TMP/set.jsonl: it has a column pass_rate already", [PROBLEM | {"pass_rate": 1}], [SAMPLE], []),
        ("INPUT TMP/set.jsonl: it has a column n already", [PROBLEM, PROBLEM | {"n": 1}], [SAMPLE], []),
        ("INPUT TMP/set.jsonl: row 1: no column is one of problem,", [{"text": "1"}], [SAMPLE], []),
        ("INPUT TMP/set.jsonl: line 2: it is no object", [PROBLEM, 5], [SAMPLE], []),
        ("INPUT TMP/set.jsonl: it is no table", [PROBLEM, PROBLEM | {"answer": {"a": 1}}], [SAMPLE], []),
        ("INPUT TMP/set.jsonl: row 1: the problem is empty", [PROBLEM | {"problem": " "}], [SAMPLE], []),
        ("--from: no sample in it says how hard a problem of INPUT is (samples of no problem", [PROBLEM], [OTHER], []),
        ("--from TMP/dump.jsonl: no samples in it", [PROBLEM], [{"loss": 1}], []),
    ],
)
def test_it_is_refused_in_one_line(
    said: str, problems: list[Any], samples: list[Any], arguments: list[str], tmp_path: Path
) -> None:
    code, stderr = command(tmp_path, problems, samples, *arguments)
    assert code == 1 and stderr.startswith(f"still-verl: {said}") and stderr.count("\n") == 1, stderr
    assert not (tmp_path / "out").exists()


def test_nobody_is_asked_and_nothing_is_given(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "set.jsonl", [PROBLEM])
    done = CliRunner().invoke(app, ["data", "difficulty", str(source), "-o", str(tmp_path / "out")])
    assert done.exit_code == 1 and "name a MODEL or a --url that is asked, or --from" in done.stderr


def test_samples_that_do_not_count_are_counted(tmp_path: Path) -> None:
    lost = SAMPLE | {"correct": None}
    code, stderr = command(tmp_path, [PROBLEM], [SAMPLE, SAMPLE, OTHER, OTHER, SAMPLE | {"answer": "31"}, lost])
    assert code == 0
    assert "samples of no problem of the set, left out: 2" in stderr
    assert "samples whose right answer is another than that of the set, left out: 1" in stderr
    assert "left out, neither a verdict" in stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["difficulty"]["samples"] == 2


def test_another_training_set_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train.parquet").write_bytes(b"mine")
    (tmp_path / "out" / "manifest.json").write_text('{"counts": {}}')
    code, stderr = command(tmp_path, [PROBLEM], [SAMPLE])
    assert code == 1 and "it has another training set" in stderr
    assert (tmp_path / "out" / "train.parquet").read_bytes() == b"mine"


def test_runs_of_two_models_are_not_mixed(tmp_path: Path) -> None:
    folders = []
    for name, temperature in (("a", 1.0), ("b", 0.6)):
        folder = tmp_path / name
        folder.mkdir()
        write_rows(folder / "rows.jsonl", [SAMPLE])
        sampling = {"set": {"temperature": temperature}}
        run = {"model": {"name": "m"}, "prompt": {}, "benchmarks": sampling}
        (folder / "run.json").write_text(json.dumps(run))
        folders += ["--from", str(folder)]
    source = write_rows(tmp_path / "set.jsonl", [PROBLEM])
    given = ["data", "difficulty", str(source), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*given, *folders])
    assert done.exit_code == 1 and "a pass rate is that of one model" in done.stderr
    assert CliRunner().invoke(app, [*given, *folders[:2]]).exit_code == 0


def test_a_run_folder_gives_its_rotated_samples(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "validation").mkdir(parents=True)
    row = {"step": 1, "prompt": f"user\n{PROBLEM['problem']}\n", "response": "x", "gold": "32", "acc": 1.0}
    write_rows(run / "samples.jsonl", [row])
    write_rows(run / "samples.1.jsonl", [row, row])
    write_rows(run / "metrics.jsonl", [{"step": 1}])
    source = write_rows(tmp_path / "set.jsonl", [PROBLEM])
    given = ["data", "difficulty", str(source), "--from", str(run), "-o", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["difficulty"]["samples"] == 3
    assert "samples of all its steps" in done.stderr


def test_columns_that_only_later_rows_have_are_kept(tmp_path: Path) -> None:
    rows = [PROBLEM, PROBLEM | {"id": "8", "level": 3}]
    found = read_training_set(write_rows(tmp_path / "set.jsonl", rows)).table
    assert found.column("level").to_pylist() == [None, 3]
