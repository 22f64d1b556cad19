"""Logs as they lie on disks: torn, of other encodings, with steps that repeat or go back, and what is no log at all."""

import gzip
import json
import math
import os
import random
import sqlite3
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from run_logs import notes_of, values_of
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.logs import series
from still_verl.logs.find import find_runs
from still_verl.logs.registries import FORMATS
from still_verl.report.diagnosis import diagnose

Rows = list[dict[str, Any]]
SCORE = "critic/score/mean"


def score(step: int) -> float:
    return 0.5 + 0.01 * math.sin(7 * step)


def rows(count: int = 30) -> Rows:
    return [{"step": step, SCORE: score(step), "actor/grad_norm": 0.3} for step in range(1, count + 1)]


def nested(row: dict[str, Any]) -> dict[str, Any]:
    return {"step": row["step"], "critic": {"score": {"mean": row[SCORE]}}, "actor": {"grad_norm": 0.3}}


def write(folder: Path, found: Rows, name: str = "metrics.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in found))
    return folder


def as_bytes(found: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in found).encode()


TEXT = as_bytes(rows())
ENCODINGS = {
    "marked": b"\xef\xbb\xbf" + TEXT,
    "utf-16": TEXT.decode().encode("utf-16"),
    "carriage returns": TEXT.replace(b"\n", b"\r\n"),
    "no text": TEXT.replace(b'{"step": 5,', b'{"step": 5, "name": "\xff\xfe",'),
    "compressed": gzip.compress(TEXT),
    "numbers as text": as_bytes([{name: str(value) for name, value in row.items()} for row in rows()]),
    "steps with a point": as_bytes([row | {"step": float(row["step"])} for row in rows()]),
    "nested": as_bytes(list(map(nested, rows()))),
    "another order": as_bytes(rows()[::-1]),
    "without steps": as_bytes([{SCORE: row[SCORE], "actor/grad_norm": 0.3} for row in rows()]),
}


@pytest.mark.parametrize("kind", ENCODINGS)
def test_the_same_numbers_however_they_are_written(kind: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(ENCODINGS[kind])
    values = values_of(tmp_path)
    assert list(values) == [SCORE, "actor/grad_norm"]
    assert list(values[SCORE].items()) == [(row["step"], row[SCORE]) for row in rows()]
    assert notes_of(tmp_path) == (["no row has a step: rows are counted"] if kind == "without steps" else [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "NaN", "Infinity", "-inf"])
def test_what_is_not_finite_is_found_however_a_logger_writes_it(value: Any, tmp_path: Path) -> None:
    found = [row | {"actor/grad_norm": value if row["step"] > 20 else 0.3} for row in rows(40)]
    (run,) = diagnose([write(tmp_path, found)]).runs
    assert [(alarm.name, alarm.step) for alarm in run.findings] == [("not_finite", 21)]


def test_a_compressed_file_that_is_torn_gives_what_is_whole(tmp_path: Path) -> None:
    random.seed(0)
    found = [row | {SCORE: random.random()} for row in rows(2000)]
    (tmp_path / "metrics.jsonl.gz").write_bytes(gzip.compress(as_bytes(found))[:-5000])
    steps = list(values_of(tmp_path / "metrics.jsonl.gz")[SCORE])
    assert steps == list(range(1, len(steps) + 1)) and 1000 < len(steps) < 2000
    assert notes_of(tmp_path)[0] == "metrics.jsonl.gz is compressed and ends in the middle: what follows is missing"


def test_a_resume_forgets_what_came_after_and_repeats_are_counted(tmp_path: Path) -> None:
    resumed = [row | {SCORE: 0.9} for row in rows(30)[20:25]]
    values = values_of(write(tmp_path, rows(30) + resumed))
    assert list(values[SCORE]) == list(range(1, 26)) == list(values["actor/grad_norm"])
    assert [values[SCORE][step] for step in (20, 21, 25)] == [rows()[19][SCORE], 0.9, 0.9]
    assert notes_of(tmp_path) == ["steps go back, as after a resume, and what was logged later counts: 1 times"]

    doubled = [row for row in rows(10) for _ in range(2)]
    assert list(values_of(write(tmp_path, doubled))[SCORE]) == list(range(1, 11))
    assert notes_of(tmp_path) == ["rows that repeat the step before, so that the later value counts: 10"]

    # A validation that is logged late is no resume.
    late = [*rows(10), {"step": 5, "val-core/math/acc/mean@1": 0.5}, {"step": 10, "val-core/math/acc/mean@1": 0.6}]
    assert list(values_of(write(tmp_path, late))[SCORE]) == list(range(1, 11)) and notes_of(tmp_path) == []


def test_columns_may_come_and_go_and_rows_without_a_step_are_counted(tmp_path: Path) -> None:
    found: Rows = [
        {SCORE: 9.0},
        *rows(5),
        {"step": 6, "entropy": 1.0},
        {"step": "x", SCORE: 9},
        {"step": 6.5, SCORE: 9},
    ]
    values = values_of(write(tmp_path, [*found, {"step": -1, SCORE: 9.0}, {"step": 7, SCORE: 0.5}]))
    assert list(values[SCORE]) == [1, 2, 3, 4, 5, 7] and values["entropy"] == {6: 1.0}
    assert notes_of(tmp_path) == ["rows left out, without a step that is a whole number: 4"]


def test_only_validations_are_enough(tmp_path: Path) -> None:
    for metric in ("val-core/math/acc/mean@4", "val-core/math/acc/best@4/mean", "val-core/math/acc/maj@4/mean"):
        found = [{"step": step, metric: 0.5 if step < 300 else 0.1} for step in range(0, 600, 20)]
        (run,) = diagnose([write(tmp_path, found)]).runs
        assert [alarm.name for alarm in run.findings] == ["validation_drop"] and run.recognised["validation/math"] == [
            metric
        ]


def test_the_best_of_several_stands_in_only_where_there_is_no_mean(tmp_path: Path) -> None:
    """The best may fall while a policy narrows and gets better."""
    found: Rows = []
    for step in range(0, 600, 20):
        found.append(
            {"step": step, "val-core/m/acc/mean@4": 0.5 + step / 2000, "val-core/m/acc/best@4/mean": 0.9 - step / 2000}
        )
    (run,) = diagnose([write(tmp_path, found)]).runs
    assert run.findings == [] and run.recognised == {"validation/m": ["val-core/m/acc/mean@4"]}


NO_LOGS = {
    "empty.jsonl": b"",
    "metrics.jsonl": b"",
    "train.log": b"epoch 1 loss 0.5\n" * 50,
    "binary.log": bytes(range(256)) * 40,
    "rows.jsonl": b'{"step": 1, "prompt": "a", "reward": 1.0}\n',
    "notes.txt": b"step: 1 - buy milk\n",
    "a.csv": b"step,colour\n1,red\n",
    "b.csv": bytes(range(256)) * 9,
    "config.json": b'{"steps": 100, "reward_fn": "boxed"}',
    "trainer_state.json": b'{"log_history": [1, 2,',
    "events.out.tfevents.1.host": bytes(range(256)) * 9,
    "run-1.wandb": b":W&B\xe1\xbe\x00" + bytes(range(256)) * 9,
    "backup.swanlab": b":SWL\xd6\xe1\x02" + bytes(range(256)) * 9,
    "mlruns.db": b"SQLite format 3\0" + bytes(range(256)) * 9,
    "metrics.jsonl.gz": b"\x1f\x8b" + bytes(range(256)),
    "meta.yaml": b"run_id: [",
}


@pytest.mark.parametrize("name", NO_LOGS)
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_log_is_said_in_one_line(name: str, named: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(NO_LOGS[name])
    path = tmp_path / name if named else tmp_path
    for command in (["diagnose"], ["report", "-o", str(tmp_path / "page.html")]):
        result = CliRunner().invoke(app, [*command, str(path)])
        assert result.exit_code == 1 and result.stdout == "", result.output
        assert result.stderr.count("\n") == 1 and str(path) in result.stderr and "looked for:" in result.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_data_base_of_something_else_is_none(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "other.db")
    base.execute("CREATE TABLE metrics (name TEXT, number REAL)")
    base.commit()
    base.close()
    assert find_runs(tmp_path).logs == []


def test_links_in_a_circle_and_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs" / "a").mkdir(parents=True)
    write(tmp_path / "runs" / "a", rows())
    (tmp_path / "runs" / "a" / "back").symlink_to(tmp_path / "runs")
    (tmp_path / "runs" / "latest").symlink_to(tmp_path / "runs" / "a")
    (tmp_path / "runs" / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "runs" / "pipe.log")  # reading it would wait for ever
    (log,) = find_runs(tmp_path / "runs").logs
    assert log.path == tmp_path / "runs" / "a"


CLOSED = """
import os, sys
from pathlib import Path
from still_verl.logs.find import find_runs
from still_verl.logs.registries import FORMATS
for name in FORMATS: FORMATS.find(name)  # what is imported may not be readable later
os.setgid(65534); os.setuid(65534)
found = find_runs(Path(sys.argv[1]))
print(len(found.logs), [note.removeprefix(sys.argv[1]) for note in found.notes])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may not read")
def test_a_folder_that_may_not_be_read_is_named_and_the_rest_is_read() -> None:
    folder = Path("/tmp", f"still-closed-{os.getpid()}")
    try:
        for name in ("open", "closed"):
            (folder / name).mkdir(parents=True)
            write(folder / name, rows())
        (folder / "closed").chmod(0)
        done = subprocess.run([sys.executable, "-c", CLOSED, str(folder)], capture_output=True, text=True, timeout=60)
        assert done.stdout == "1 ['/closed could not be read: Permission denied']\n", done.stderr
    finally:
        (folder / "closed").chmod(0o700)
        subprocess.run(["rm", "-r", str(folder)], check=True)


def test_a_long_run_is_read_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "KEPT", 1000)
    with (tmp_path / "metrics.jsonl").open("w") as file:
        for step in range(100_000):
            row = {"step": step, SCORE: step / 1000, "actor/grad_norm": 0.3}
            if step % 1000 == 0:
                row["val-core/math/acc/mean@1"] = 0.5
            file.write(json.dumps(row) + "\n")
    tracemalloc.start()
    values = values_of(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 500 <= len(values[SCORE]) <= 1000 and max(values[SCORE]) > 99_000
    assert all(value == step / 1000 for step, value in values[SCORE].items())
    assert len(values["val-core/math/acc/mean@1"]) == 100, "what is logged now and then is not thinned"
    assert peak < 30_000_000
    assert any("it is read in part, evenly" in note for note in notes_of(tmp_path))


def test_every_format_of_the_registry_has_a_title_and_finds_nothing_in_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in FORMATS:
        assert FORMATS.find(name).title and FORMATS.find(name).find(tmp_path / "empty") == []
