"""A recipe for a laptop starts from a fresh clone: its model and data are made where they are missing."""

from pathlib import Path

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig

from still_verl.demo.prepare import prepare_missing
from still_verl.integration.checks.data import check_data
from still_verl.integration.checks.model import open_model
from still_verl.integration.checks.prepare import named_files


def job(*overrides: str) -> DictConfig:
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer", list(overrides))


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "still_verl/demo"


@pytest.mark.parametrize(
    ("overrides", "built"),
    [
        (["+recipe=zero_7b_plain", "+still/scale=tiny"], ["random"]),
        (["+recipe=demo"], ["tiny"]),
        # The user's own model with the data of a demo, and the other way round.
        (["+recipe=demo", "actor_rollout_ref.model.path=org/name"], ["tiny"]),
        (["+recipe=demo", "data.train_files=[/no/a.parquet]", "data.val_files=/no/b.parquet"], ["tiny"]),
    ],
)
def test_what_a_job_names_and_is_missing_is_made(overrides: list[str], built: list[str], cache: Path) -> None:
    config = job(*overrides)
    prepare_missing(named_files(config))
    assert [path.name for path in cache.iterdir()] == built
    if len(overrides) < 3 and "org/name" not in str(overrides):
        check_data(config)
        assert open_model(config) is not None


@pytest.mark.parametrize(
    "overrides",
    [
        ["+recipe=zero_7b_plain"],  # data without a value
        ["+recipe=zero_7b_plain", "actor_rollout_ref.model.path=???"],
        ["+recipe=demo_smollm2"],  # converted from a package that need not be there
        ["+recipe=base", "data.train_files=/no/random/data/train.parquet"],
    ],
)
def test_nothing_else_is_made(overrides: list[str], cache: Path) -> None:
    prepare_missing(named_files(job(*overrides)))
    assert not cache.exists()


def test_a_file_under_the_cache_that_no_model_has_is_left_to_the_check(cache: Path) -> None:
    config = job("+recipe=base", f"data.train_files={cache}/own/train.parquet")
    prepare_missing(named_files(config))
    assert not cache.exists()


def test_what_is_there_is_not_made_again(cache: Path) -> None:
    config = job("+recipe=zero_7b_plain", "+still/scale=tiny")
    prepare_missing(named_files(config))
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    prepare_missing(named_files(config))
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == times
