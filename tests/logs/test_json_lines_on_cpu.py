"""Logs of JSON lines become series: ours, verl's file logger; and TensorBoard's scalars."""

import json
from pathlib import Path

import pytest
from run_logs import values_of

from still_verl.logs.find import find_runs


def test_a_torn_last_line_and_lines_of_no_object_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "a": 2}\n[1]\n{"step": 2, "a": 3}\n{"step": 3, "a"')
    assert values_of(tmp_path) == {"a": {1: 2.0, 2: 3.0}}


def test_nan_infinity_and_null_are_gaps_and_text_is_no_metric(tmp_path: Path) -> None:
    line = '{"step": 1, "a": NaN, "b": Infinity, "c": null, "d": "text", "e": true}\n'
    (tmp_path / "metrics.jsonl").write_text(line)
    assert values_of(tmp_path) == {"a": {1: None}, "b": {1: None}, "c": {1: None}, "e": {1: 1.0}}


def test_a_resumed_run_is_what_it_went_on_from(tmp_path: Path) -> None:
    lines = [{"step": 1, "a": 1}, {"step": 2, "a": 2}, {"step": 3, "a": 3}, {"step": 2, "a": 20}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert list(values_of(tmp_path)["a"].items()) == [(1, 1.0), (2, 20.0)]


def test_the_log_of_verls_own_file_logger_is_read_from_a_folder_and_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verl.utils.tracking import FileLogger

    monkeypatch.setenv("VERL_FILE_LOGGER_ROOT", str(tmp_path))
    monkeypatch.delenv("VERL_FILE_LOGGER_PATH", raising=False)
    logger = FileLogger("project", "experiment")
    logger.log({"critic/score/mean": 0.5, "actor/loss": float("nan")}, step=7)
    logger.finish()
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "7.jsonl").write_text('{"step": 7, "input": "a", "score": 1.0}\n')
    expected = {"critic/score/mean": {7: 0.5}, "actor/loss": {7: None}}
    assert values_of(tmp_path) == values_of(tmp_path / "project" / "experiment.jsonl") == expected


def test_scalars_of_tensorboard_are_read(tmp_path: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(tmp_path / "tensorboard"))
    for step in range(3):
        writer.add_scalar("actor/entropy", step / 4, step)
    writer.close()
    assert values_of(tmp_path) == {"actor/entropy": {0: 0.0, 1: 0.25, 2: 0.5}}


def test_a_folder_without_logs_has_no_runs(tmp_path: Path) -> None:
    assert find_runs(tmp_path).logs == []


def test_what_is_printed_into_the_folder_of_a_run_is_that_run_from_its_first_step_on(tmp_path: Path) -> None:
    """The console log may be ahead of `metrics.jsonl`, or behind."""
    for run, printed in ((1, 0), (0, 1), (1, 1), (2, 1), (50, 49)):
        lines = [json.dumps({"step": step, "critic/score/mean": 0.5}) for step in range(run + 1)]
        (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + "\n")
        printed_lines = [f"step:{step} - critic/score/mean:0.5 - other:1\n" for step in range(printed + 1)]
        (tmp_path / "log.txt").write_text("".join(printed_lines))
        (log,) = find_runs(tmp_path).logs
        assert log.format == "still" and log.notes == (
            "still is read; the same run is logged in log.txt (verl_console)",
        )
    (tmp_path / "log.txt").write_text("".join(f"step:{step} - critic/score/mean:0.9\n" for step in range(50)))
    assert len(find_runs(tmp_path).logs) == 2, "another run, whatever its folder"
