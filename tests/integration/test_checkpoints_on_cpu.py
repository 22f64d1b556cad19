"""What a checkpoint keeps beside verl's own, and what a resume says of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from still_verl.integration import checkpoints
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.trainers import StillTrainer
from still_verl.monitor.jsonl import json_lines


def config(run_dir: str = "runs/a", **trainer: Any) -> DictConfig:
    still = {
        "run_dir": run_dir,
        "reference": {"reset_every": 40},
        "kl": {"kind": "cosine", "start": 0.1},
        "monitor": {"webhook": "https://secret"},
    }
    resume = {"resume_mode": "auto", "resume_from_path": None}
    return OmegaConf.create(
        {
            "still": still,
            "data": {"train_files": ["a.parquet"], "seed": None, "val_files": "runs/a-other"},
            "ray_kwargs": {"ray_init": {"runtime_env": {"env_vars": {"TOKEN": "secret"}}}},
            "trainer": {"default_local_dir": "${still.run_dir}/checkpoints", **resume, **trainer},
        }
    )


def settings(changed: DictConfig) -> checkpoints.Settings:
    return checkpoints.settings_of(changed, changed.still.run_dir)


def test_settings_are_kept_by_their_keys_without_what_belongs_to_the_machine() -> None:
    assert settings(config()) == {
        "still.run_dir": "<run folder>",
        "still.reference.reset_every": 40,
        "still.kl.kind": "cosine",
        "still.kl.start": 0.1,
        "data.train_files": ["a.parquet"],
        "data.seed": None,
        "data.val_files": "runs/a-other",
        "trainer.default_local_dir": "<run folder>/checkpoints",
    }


def test_the_same_job_in_another_folder_or_resumed_by_path_changes_nothing() -> None:
    again = config("elsewhere/b", resume_mode="resume_path", resume_from_path="runs/a/checkpoints/global_step_3")
    assert checkpoints.changes(settings(config()), settings(again)) == []


def test_each_changed_setting_is_one_line() -> None:
    other = config(save_freq=5)
    other.still.reference.reset_every, other.data.train_files = 50, ["a.parquet", "b.parquet"]
    del other.data.seed
    del other.still.kl.start
    assert [str(change) for change in checkpoints.changes(settings(config()), settings(other))] == [
        'data.train_files=["a.parquet"] in the checkpoint, ["a.parquet", "b.parquet"] now',
        "still.kl.start=0.1 in the checkpoint, null now",
        "still.reference.reset_every=40 in the checkpoint, 50 now",
        "trainer.save_freq=null in the checkpoint, 5 now",
    ]


class Counts(Callback):
    seen = 0
    loaded: Path | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]

    def load(self, trainer: Any, folder: Path) -> None:
        self.loaded = folder


class Other(Counts):
    pass


class Upstream:
    """verl's trainer, as far as checkpoints go."""

    step_to_resume = 0

    def _save_checkpoint(self) -> None:
        """verl writes weights here."""

    def _load_checkpoint(self) -> None:
        self.global_steps = self.step_to_resume


class Trainer(StillTrainer, Upstream):  # type: ignore[misc]
    def __init__(self, job: DictConfig, *callbacks: Callback) -> None:
        self.config, self.callbacks = job, list(callbacks)
        self.total_training_steps = 100
        self._own_seconds = 0.0
        self._settings = settings(job)


@pytest.fixture
def saved(tmp_path: Path) -> DictConfig:
    """The job of a run that has written a checkpoint after step 45."""
    job = config(str(tmp_path))
    counts = Counts(job)
    counts.seen = 7
    run = Trainer(job, counts)
    run._load_checkpoint()
    run.global_steps = 45
    run._save_checkpoint()
    return job


def resume(job: DictConfig, *callbacks: Callback, total: int = 100) -> None:
    run = Trainer(job, *callbacks)
    run.step_to_resume, run.total_training_steps = 45, total
    run._load_checkpoint()


def test_a_resumed_run_says_what_is_another_setting_now(
    saved: DictConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved.still.reference.reset_every = 50
    counts = Counts(saved)
    resume(saved, counts, total=120)
    assert counts.seen == 7 and counts.loaded == tmp_path / "checkpoints/global_step_45"
    before = "still_verl: resumed after step 45 with another setting: "
    assert capsys.readouterr().out.splitlines() == [
        f"{before}still.reference.reset_every=40 in the checkpoint, 50 now",
        f"{before}trainer.total_training_steps=100 in the checkpoint, 120 now",
    ]
    rows = list(json_lines(tmp_path / "resumes.jsonl"))
    folder = str(tmp_path / "checkpoints/global_step_45")
    kept = {"step": 45, "checkpoint": folder, "key": "still.reference.reset_every", "before": 40, "now": 50}
    assert rows[0] == kept and len(rows) == 2


def test_a_resumed_run_with_the_same_settings_says_nothing(
    saved: DictConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resume(saved, Counts(saved))
    assert capsys.readouterr().out == "" and not (tmp_path / "resumes.jsonl").exists()


def test_a_state_that_no_callback_takes_is_said(saved: DictConfig, capsys: pytest.CaptureFixture[str]) -> None:
    other = Other(saved)
    resume(saved, other)
    assert other.seen == 0 and other.loaded is None  # it begins anew
    assert "this job has no Counts, whose state is in the checkpoint" in capsys.readouterr().out


def test_a_checkpoint_without_settings_says_so(
    saved: DictConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of an older still_verl, or of verl's own modes."""
    (tmp_path / "checkpoints/global_step_45" / checkpoints.SETTINGS).unlink()
    counts = Counts(saved)
    resume(saved, counts)
    assert counts.seen == 7 and "holds no settings to compare with" in capsys.readouterr().out


def test_what_a_step_sets_in_the_config_is_no_setting_of_the_job(saved: DictConfig, tmp_path: Path) -> None:
    """A temperature or an entropy coefficient of the step would be said to have changed at every resume."""
    run = Trainer(saved)
    run._load_checkpoint()
    saved.still.kl.start, run.global_steps = 0.5, 46
    run._save_checkpoint()
    kept = json.loads((tmp_path / "checkpoints/global_step_46" / checkpoints.SETTINGS).read_text())
    assert kept["still.kl.start"] == 0.1
