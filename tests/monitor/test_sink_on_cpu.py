import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from still_verl.monitor.sink import MetricsFile, RotatedFile, open_append, read_lines, read_metrics, read_samples

WRITER = """
import sys
from pathlib import Path
from still_verl.monitor.sink import RotatedFile, line
file = RotatedFile(Path(sys.argv[1]), 10**9, 1)
for number in range(10**9):
    file.write([{"n": number, "text": "x\\u2028" * 3000}])
    print(number, flush=True)
"""


def test_a_kill_during_writing_costs_at_most_the_last_line(tmp_path: Path) -> None:
    """What the writer said it wrote is there, whenever it is killed."""
    for attempt in range(5):
        path = tmp_path / f"{attempt}.jsonl"
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline() == "0\n"
        time.sleep(random.Random(attempt).uniform(0, 0.03))
        process.send_signal(signal.SIGKILL)
        said = int((["0", *process.stdout.read().split("\n")[:-1]])[-1])
        process.wait()
        assert [row["n"] for row in read_lines(path)][: said + 1] == list(range(said + 1))


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
    assert read_lines(path)[:3] == rows


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
