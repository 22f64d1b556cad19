"""A run folder as a whole: names, configuration."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from still_verl.report.read import read_runs


def test_names_are_the_shortest_that_tell_runs_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "runs" / "x", tmp_path / "b" / "runs" / "x"]
    for path in paths:
        path.mkdir(parents=True)
    assert [run.name for run in read_runs(paths, begun=True)] == ["a/runs/x", "b/runs/x"]
    assert [run.name for run in read_runs(paths[:1], begun=True)] == ["runs/x"]


def test_a_path_that_does_not_exist_or_is_given_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere does not exist"):
        read_runs([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="given twice"):
        read_runs([tmp_path, tmp_path / "." / ""])


def test_secrets_are_masked_and_ordinary_keys_are_not(tmp_path: Path) -> None:
    folder = tmp_path / ".hydra"
    folder.mkdir()
    config = {"env": {"WANDB_API_KEY": "hunter2", "HF_TOKEN": "hunter2"}, "max_token_len": 5, "empty": {}}
    (folder / "config.yaml").write_text(json.dumps(config))
    (folder / "overrides.yaml").write_text("- +env.WANDB_API_KEY=hunter2\n- data.seed=1\n")
    (run,) = read_runs([tmp_path])
    assert run.config == {"env.WANDB_API_KEY": "***", "env.HF_TOKEN": "***", "max_token_len": 5, "empty": {}}
    assert run.overrides == ["+env.WANDB_API_KEY=***", "data.seed=1"]


def test_a_broken_config_is_reported_and_the_rest_is_read(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    path = write_run(tmp_path / "run")
    (path / ".hydra" / "config.yaml").write_text("a: [")
    (run,) = read_runs([path])
    assert run.problems == ["config.yaml is not readable as YAML and was skipped."] and run.steps[-1] == 60
