import json
import math
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from still_verl.monitor.jsonl import (
    MetricsFile,
    RotatedFile,
    finite,
    json_lines,
    open_append,
    parse_lines,
    read_metrics,
    read_samples,
)

KILLER, KILLS = Path(__file__).parents[1] / "helpers" / "killed_writers.py", 200


@pytest.mark.process
def test_a_kill_during_writing_costs_at_most_the_last_line(tmp_path: Path) -> None:
    """What the writer said it wrote is there, whenever it is killed."""
    command = [sys.executable, str(KILLER), str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_a_file_torn_at_any_byte_loses_one_row_and_goes_on_whole(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    rows = [{"n": n, "text": f"é等\n\u2028{n}\udc80"} for n in range(3)]
    with_rows = RotatedFile(path, 10**6, 1)
    with_rows.write(rows)
    with_rows.close()
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        again = RotatedFile(path, 10**6, 1)
        again.write([{"n": 9}])
        again.close()
        kept = [row["n"] for row in read_samples(tmp_path)]
        assert kept == [*range(sum(end <= size for end in ends)), 9]
    assert list(json_lines(path))[:3] == rows


def test_rotation_keeps_the_newest_files_in_order(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "samples.jsonl", 300, 3)
    for number in range(40):
        file.write([{"n": number, "pad": "x" * 80}])
    file.close()
    kept = [row["n"] for row in read_samples(tmp_path)]
    assert kept == list(range(kept[0], 40)) and len(kept) >= 6
    assert sorted(os.listdir(tmp_path)) == ["samples.1.jsonl", "samples.2.jsonl", "samples.jsonl"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * 400


def test_one_file_alone_starts_again(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "samples.jsonl", 10, 1)
    file.write([{"n": 1}, {"n": 2}])
    file.write([{"n": 3}])
    assert [path.name for path in tmp_path.iterdir()] == ["samples.jsonl"]


def test_metrics_are_plain_numbers_and_a_torn_line_is_ended(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "a": 1}\n{"step": 2, "a"')
    file = MetricsFile(tmp_path)
    file.log({"a": np.float32(0.5), "b": np.int64(3), "c": object}, step=2)
    file.finish()
    assert [(row["step"], row["a"]) for row in read_metrics(tmp_path)] == [(1, 1), (2, 0.5)]
    json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])


def test_a_run_without_files_has_no_rows(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == [] == read_samples(tmp_path)
    open_append(tmp_path / "new" / "samples.jsonl").close()
    assert read_samples(tmp_path / "new") == []


def test_lines_of_others_are_read_as_far_as_they_are_objects(tmp_path: Path) -> None:
    path = tmp_path / "foreign.jsonl"
    nested = b"[" * 100_000
    path.write_bytes(b'{"a": 1}\r\n\n12\n[1]\n{"b": "\xff"}\n' + nested + b'\n{"c": NaN}\n{"d": "\xe2\x82')
    rows = list(json_lines(path))
    assert rows[:2] == [{"a": 1}, {"b": "\ufffd"}] and list(rows[2]) == ["c"] and len(rows) == 3
    assert len(list(parse_lines(path.read_bytes()))) == 3


def test_a_file_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    path.write_bytes(b'{"a": 1}\n' * 100_000)
    tracemalloc.start()
    assert sum(row["a"] for row in json_lines(path)) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000, f"{peak} bytes for a file of {path.stat().st_size}"


def test_a_number_is_finite_or_none() -> None:
    assert [finite(value) for value in (1, True, 0.5, np.float64(2))] == [1.0, 1.0, 0.5, 2.0]
    assert [finite(value) for value in (math.nan, -math.inf, None, "1", [], 10**400)] == [None] * 6
