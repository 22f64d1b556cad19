"""The jobs of the demo's failures pass every check that a job of a user's must pass."""

from pathlib import Path

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module

from still_verl.demo.prepare import prepare
from still_verl.demo.registries import FAILURES
from still_verl.integration.checks.job import check_job


@pytest.mark.parametrize("name", FAILURES)
def test_the_job_would_start(name: str, tmp_path: Path) -> None:
    prepare("tiny")
    job = FAILURES.find(name).job(tmp_path)
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=["+recipe=demo", f"still.run_dir={tmp_path / 'run'}", *job])
    check_job(config)
    assert config.trainer.total_training_steps <= 40
