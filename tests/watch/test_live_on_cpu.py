"""`still-verl watch` on a run that another process writes, from before its first line until its last."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.monitor.jsonl import MetricsFile
from still_verl.report.run import Run
from still_verl.watch.curves import BLOCKS, PLAIN, Axis, spark
from still_verl.watch.frame import frame
from still_verl.watch.progress import duration, progress_of


def shown(run: Run, age: float | None = 1.0, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(frame(run, age, None, width))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def line(values: list[float], width: int, axis: Axis | None = None, ramp: str = BLOCKS, share: bool = False) -> str:
    """A curve of values that were logged from step 1 on."""
    return spark(list(enumerate(values, 1)), axis or (1, len(values)), width, ramp, share)


def test_a_curve_in_a_line() -> None:
    assert line([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█" and line([0, 0, 7, 7], 2) == "▁█"
    assert line([1.0, 2.0], 40, ramp=PLAIN) == "_#" and len(line(list(range(5000)), 30)) == 30


def test_all_curves_have_one_axis_and_noise_stays_flat() -> None:
    assert line([0, 1], 20, axis=(1, 20)) == "▁█"  # two steps of twenty, not the whole line
    assert spark([(5, 0.0), (10, 1.0)], (1, 10), 10) == "    ▁▁▁▁▁█"  # every fifth step, drawn until the next
    flat = line([0.500, 0.501, 0.500, 0.499], 4, share=True)
    assert set(flat) <= set("▄▅") and line([0.1, 0.1, 0.1], 8) in ("▄▄▄", "▅▅▅")
    assert line([0.5, 0.6], 2, share=True) == "▁█"


def test_times_are_for_people() -> None:
    assert [duration(s) for s in (4.21, 42, 59.7, 190, 18120)] == ["4.2 s", "42 s", "60 s", "3 min 10 s", "5 h 02 min"]


def test_progress_counts_the_time_that_is_left(tmp_path: Path) -> None:
    series = {"perf/time_per_step": {1: 100.0, **dict.fromkeys(range(2, 21), 3.0)}}
    progress = progress_of(Run("r", tmp_path, series, config={"trainer.total_training_steps": 60}))
    assert (progress.step, progress.total, progress.left, progress.over) == (20, 60, 120, False)
    text = shown(Run("r", tmp_path, series, config={"trainer.total_training_steps": 60}))
    assert "step 20 of 60" in text and "3.0 s a step" in text and "2 min 00 s left" in text


def test_a_silent_run_is_asked_about(tmp_path: Path) -> None:
    run = Run("r", tmp_path, {"perf/time_per_step": {1: 40.0}})
    assert "quiet" not in shown(run, age=190) and "quiet for 3 min 30 s" in shown(run, age=210)


def test_alarms_say_what_to_do_while_they_are_active(tmp_path: Path) -> None:
    series = {f"still/alarm/{name}": {1: 1.0, 2: last} for name, last in (("truncation", 1.0), ("plateau", 0.0))}
    text = shown(Run("r", tmp_path, series, evidence={"truncation": "a fifth is cut. Raise the limit", "plateau": "?"}))
    assert "ALARM truncation, since step 1. a fifth is cut. Raise the limit" in text
    assert "ended: plateau, steps 1 to 1" in text and "?" not in text


def test_every_category_of_keywords_that_a_run_logs_has_a_curve(tmp_path: Path) -> None:
    rates = {f"still/keywords/{name}/per_1k_words": {1: 1.0, 2: 2.0} for name in ("planning", "reflection")}
    text = shown(Run("r", tmp_path, rates | {"still/keywords/planning/per_response": {1: 7.0}}))
    assert "planning / 1k words" in text and "reflection / 1k words" in text
    assert "verification" not in text and "7" not in text


@pytest.mark.parametrize("width", (40, 80, 200))
def test_no_line_is_wider_than_the_terminal_and_markup_is_text(tmp_path: Path, width: int) -> None:
    series = {"val-core/[red]x[/bold]/acc/mean@1": {1: 0.1}, "still/accuracy": {s: s / 99 for s in range(1, 99)}}
    text = shown(Run("[bold]run[/i]", tmp_path, series), width=width)
    assert max(map(len, text.splitlines())) <= width and "[bold]run[/i]" in text


def test_once_prints_one_frame_even_of_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["watch", str(tmp_path / "none"), "--once"])
    assert result.exit_code == 0 and "does not exist yet" in result.output


def test_a_growing_run_is_followed_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "still_verl", "watch", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "100"})
    try:
        time.sleep(2)
        (folder / ".hydra").mkdir(parents=True)
        (folder / ".hydra" / "config.yaml").write_text(json.dumps({"trainer": {"total_training_steps": 3}}))
        file = MetricsFile(folder)
        for step in range(1, 4):
            assert process.poll() is None, "it ended before the run did"
            file.log({"still/accuracy": step / 4, "perf/time_per_step": 1.0}, step)
            time.sleep(1.2)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "step 3 of 3" in output and "finished" in output and "Accuracy in training" in output
