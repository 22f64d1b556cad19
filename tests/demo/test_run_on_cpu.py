"""Where a demo run goes, and what its progress bar says."""

from pathlib import Path

import pytest

from still_verl.demo.run import _run_folder, _status


def test_the_last_run_folder_that_is_named_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    named = ["still.run_dir=first", "trainer.total_training_steps=1", "still.run_dir=second"]
    assert _run_folder("demo", named) == tmp_path / "second"
    assert _run_folder("demo", ["trainer.test_freq=1"]).parent == tmp_path / "runs" / "demo"


def test_the_status_is_of_the_latest_step_that_was_scored() -> None:
    assert _status([{"step": 0}]) == "training"
    rows = [{"step": 1, "critic/score/mean": 0.25}, {"step": 2, "critic/score/mean": 0.5}, {"step": 2}]
    assert _status(rows) == "training, 50% of the step's answers right"
