"""`still-verl eval` with a real model on real vLLM, killed three times."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from still_verl.demo.prepare import prepare
from still_verl.evaluation.rows import Row, read_rows

pytestmark = pytest.mark.e2e

PROBLEMS, K = 40, 3


def problems(source: Path, path: Path) -> Path:
    """The first problems of the demo's validation set."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(source).slice(0, PROBLEMS), path)
    return path


def command(model: Path, file: Path, output: Path, at_once: int) -> list[str]:
    sampling = ["--k", str(K), "--temperature", "1", "--top-p", "1", "--max-tokens", "64"]
    where = ["-b", str(file), "-o", str(output), "--concurrency", str(at_once)]
    return [sys.executable, "-m", "still_verl", "eval", str(model), *where, *sampling]


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def run(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]


def kill_after(rows: int, arguments: list[str], journal: Path) -> None:
    there = lines_of(journal)
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while lines_of(journal) < there + rows and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def different(left: Path, right: Path) -> set[tuple[str, str, int]]:
    """The samples that two runs have otherwise."""
    rows: dict[tuple[str, str, int], Row] = {row.key: row for row in read_rows(left / "rows.jsonl")}
    others = {row.key: row for row in read_rows(right / "rows.jsonl")}
    assert rows.keys() == others.keys() and len(rows) == PROBLEMS * K
    return {key for key, row in rows.items() if row != others[key]}


@pytest.mark.timeout(1200)
def test_a_run_that_is_killed_three_times_has_the_rows_of_one_that_is_not(tmp_path: Path) -> None:
    demo = prepare("tiny")
    file = problems(demo.val, tmp_path / "sums.parquet")
    whole, alone, killed = tmp_path / "whole", tmp_path / "alone", tmp_path / "killed"
    run(command(demo.model, file, whole, at_once=32))
    run(command(demo.model, file, alone, at_once=1))
    for rows in (1, 17, 40):
        kill_after(rows, command(demo.model, file, killed, at_once=32), killed / "journal.jsonl")
    before_last = lines_of(killed / "journal.jsonl")
    run(command(demo.model, file, killed, at_once=32))
    assert 1 + 17 + 40 <= before_last < PROBLEMS * K
    assert lines_of(killed / "journal.jsonl") == PROBLEMS * K
    # A batch of another size adds floats in another order.
    assert different(whole, killed) <= different(whole, alone)
    assert any(row.correct for row in read_rows(killed / "rows.jsonl"))
