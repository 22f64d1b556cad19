"""A run that grows: each line once, torn lines later, other files from their beginning."""

import json
from pathlib import Path
from typing import Any

from run_logs import values_of

from still_verl.monitor.jsonl import MetricsFile, RotatedFile, line
from still_verl.watch.follow import Follower, Tail


def rows(tail: Tail) -> list[Any]:
    return [json.loads(text) for text in tail.read()]


def test_a_torn_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "metrics.jsonl")
    assert rows(tail) == []
    whole = line({"step": 1, "a": 0.5})
    for cut in range(1, len(whole)):
        tail, path = Tail(tmp_path / f"{cut}.jsonl"), tmp_path / f"{cut}.jsonl"
        path.write_bytes(whole + whole[:cut])
        assert len(rows(tail)) == 1
        with path.open("ab") as file:
            file.write(whole[cut:])
        assert rows(tail) == [{"step": 1, "a": 0.5}] and rows(tail) == []


def test_a_line_is_read_once(tmp_path: Path, monkeypatch: Any) -> None:
    """5,000 steps are not parsed again each second."""
    file = MetricsFile(tmp_path)
    for step in range(1, 5001):
        file.log({"still/accuracy": step / 5000}, step)
    follower = Follower(tmp_path)
    assert len(follower.look().known("still/accuracy")) == 5000
    parsed: list[Any] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: parsed.append(text) or loads(text))
    file.log({"still/accuracy": 0.25}, 5001)
    assert follower.look().known("still/accuracy")[-1] == (5001, 0.25)
    assert len(parsed) < 5  # the new line, and the first ones, which say what kind of log it is


def test_a_resumed_run_writes_steps_again(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path)
    file.log({"a": 1.0}, 1)
    file.log({"a": 2.0}, 2)
    follower = Follower(tmp_path)
    follower.look()
    file.log({"a": 3.0}, 2)
    assert follower.look().series == {"a": {1: 1.0, 2: 3.0}} == values_of(tmp_path)


def test_a_file_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(line({"step": 1, "a": 1.0}) * 3)
    tail = Tail(path)
    assert len(rows(tail)) == 3
    path.unlink()
    path.write_bytes(line({"step": 9, "a": 2.0}))
    assert rows(tail) == [{"step": 9, "a": 2.0}]


def test_verls_file_logger_and_a_single_file(tmp_path: Path) -> None:
    path = tmp_path / "project" / "experiment.jsonl"
    path.parent.mkdir()
    path.write_text('{"step": 1, "data": {"critic/score/mean": 0.5}}\n')
    for given in (tmp_path, path):
        assert Follower(given).look().series == {"critic/score/mean": {1: 0.5}}


def test_tensorboard_is_read_again_when_it_grows(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path))
    follower = Follower(tmp_path)
    for step in (1, 2):
        writer.add_scalar("still/accuracy", step / 2, step)
        writer.flush()
        assert follower.look().known("still/accuracy")[-1] == (step, step / 2)
    writer.close()


def test_the_last_sample_is_found_across_a_rotation(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    assert follower.last_sample() is None
    file = RotatedFile(tmp_path / "samples.jsonl", size=200, files=2)
    for step in range(1, 9):
        file.write([{"step": step, "response": "x" * 60}])
        found = follower.last_sample()
        assert found and found["step"] == step
    file.close()
