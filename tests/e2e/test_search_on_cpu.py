"""Ablations and searches by other launchers and sweepers than Hydra's own, for real."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from still_verl.monitor.jsonl import read_metrics

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VARIED = "actor_rollout_ref.actor.entropy_coeff"
VALIDATION = "val-core/demo/addition/acc/mean@1"


def states(sweep: Path) -> dict[str, str]:
    return {path.parent.name: json.loads(path.read_text())["state"] for path in sweep.glob("*/job.json")}


def test_two_jobs_at_once_have_a_folder_each_and_wait_for_each_other(
    start_small: Callable[..., Any], untrained: Any, tmp_path: Path
) -> None:
    """Two CPU jobs on one machine would read each other's weights."""
    how = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweep.dir=pair", "-m"]
    steps = ["trainer.total_training_steps=2", "trainer.save_freq=1", "still/kl=none,fixed"]
    job = start_small(tmp_path, *untrained("random"), *steps, *how)
    assert job.wait(600) == 0, job.log[-6000:]
    assert states(tmp_path / "pair") == {"kl=none": "finished", "kl=fixed": "finished"}
    assert job.log.count("waits for the CPU job of process") == 1
    for name, coefficient in (("kl=none", 0.0), ("kl=fixed", 1e-3)):
        folder = tmp_path / "pair" / name
        training = [row for row in read_metrics(folder) if "training/global_step" in row]
        assert [row["training/global_step"] for row in training] == [1, 2]
        assert [row["still/kl/coef"] for row in training] == [coefficient] * 2
        assert (folder / "checkpoints/global_step_2").is_dir()
    assert not (tmp_path / "runs").exists() and job.left_behind() == []


def test_a_search_of_four_trials_finds_the_best_validation(
    start_small: Callable[..., Any], untrained: Any, tmp_path: Path
) -> None:
    search = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "hydra.sweep.dir=search", "-m"]
    varied = [f"{VARIED}=tag(log,interval(0.001,10.0))", "trainer.total_training_steps=2"]
    # Greedy, an untrained model says the same in every trial.
    varied += [f"actor_rollout_ref.rollout.val_kwargs.{setting}" for setting in ("do_sample=true", "temperature=1.0")]
    job = start_small(tmp_path, *untrained("random"), *varied, "trainer.test_freq=2", *search)
    assert job.wait(600) == 0, job.log[-6000:]
    assert list(states(tmp_path / "search").values()) == ["finished"] * 4
    found = {}
    for name in states(tmp_path / "search"):
        values = [row[VALIDATION] for row in read_metrics(tmp_path / "search" / name) if VALIDATION in row]
        found[float(name.removeprefix(f"{VARIED}="))] = values[-1]
    best = yaml.safe_load((tmp_path / "search/optimization_results.yaml").read_text())
    assert len(set(found.values())) > 1
    assert best["best_value"] == pytest.approx(max(found.values()))
    assert found[best["best_params"][VARIED]] == best["best_value"]
    assert job.left_behind() == []
