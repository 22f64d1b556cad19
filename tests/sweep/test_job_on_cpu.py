"""The task of a job, as a launcher calls it; its checks and Ray are left out."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError
from still_verl.integration import driver_ray
from still_verl.integration.checks import prepare
from still_verl.plan import fit
from still_verl.sweep.job import JobFailed, SweptJob, check_validates
from still_verl.sweep.results import objective
from still_verl.sweep.state import JobState


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DictConfig:
    monkeypatch.setattr(prepare, "prepare_job", lambda config, wait: None)
    monkeypatch.setattr(driver_ray, "start_ray", lambda config: None)
    monkeypatch.setattr(fit, "check_fit", lambda config: None)
    JobState(["a=1"], "waiting").write(tmp_path)
    return OmegaConf.create({"still": {"run_dir": str(tmp_path)}, "trainer": {"test_freq": 5}})


def state(folder: Path) -> JobState:
    found = JobState.read(folder)
    assert found is not None
    return found


def logs(*rows: str) -> Any:
    """A training that logs these rows of metrics."""

    def train(config: DictConfig) -> None:
        folder = Path(config.still.run_dir)
        assert state(folder).state == "running"
        (folder / "metrics.jsonl").write_text("".join(f"{row}\n" for row in rows))

    return train


def test_the_objective_is_the_last_validation(config: DictConfig, tmp_path: Path) -> None:
    rows = ['{"step": 1, "val-core/a/acc/mean@4": 0.9}', '{"step": 2}', '{"step": 3, "val-core/a/acc/mean@4": 0.5}']
    assert SweptJob(logs(*rows), needs_objective=True)(config) == 0.5
    assert state(tmp_path) == JobState(["a=1"], "finished")


def test_of_several_benchmarks_it_is_the_mean(config: DictConfig, tmp_path: Path) -> None:
    both = '{"step": 3, "val-core/a/acc/mean@1": 0.5, "val-core/b/reward/mean@1": 0.1, "val-aux/a/acc/mean@1": 9}'
    assert SweptJob(logs(both), needs_objective=True)(config) == pytest.approx(0.3)


def test_a_search_needs_one_and_a_grid_does_not(config: DictConfig, tmp_path: Path) -> None:
    assert SweptJob(logs('{"step": 1}'), needs_objective=False)(config) is None
    with pytest.raises(JobFailed, match="RuntimeError: the run logged no validation accuracy"):
        SweptJob(logs('{"step": 1}'), needs_objective=True)(config)
    assert state(tmp_path).state == "failed" and "no validation accuracy" in state(tmp_path).error
    config.trainer.test_freq = -1
    with pytest.raises(ConfigError, match="trainer.test_freq=-1: the objective of this sweep is the accuracy"):
        check_validates(config)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_no_number_is_no_objective(tmp_path: Path, number: str) -> None:
    (tmp_path / "metrics.jsonl").write_text(f'{{"step": 1, "val-core/a/acc/mean@1": {number}}}\n')
    assert objective(tmp_path) is None


class Unpicklable(Exception):
    """An error that another process could not read."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"a long story\n{one} and {two}")


@pytest.mark.parametrize(
    ("error", "said"),
    [(Unpicklable("this", "that"), "Unpicklable: this and that"), (SystemExit(3), "SystemExit: 3")],
)
def test_whatever_ends_a_job_ends_no_other(config: DictConfig, tmp_path: Path, error: BaseException, said: str) -> None:
    def train(config: DictConfig) -> None:
        raise error

    with pytest.raises(JobFailed, match=said):
        SweptJob(train, needs_objective=False)(config)
    assert state(tmp_path) == JobState(["a=1"], "failed", said)


def test_an_interrupt_ends_the_sweep_and_the_job_is_run_again(config: DictConfig, tmp_path: Path) -> None:
    def train(config: DictConfig) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SweptJob(train, needs_objective=False)(config)
    assert state(tmp_path).state == "running"
