"""Real verl jobs: `python -m verl.trainer.main_ppo` in a folder of its own, and what it left behind."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import real_jobs
from real_jobs import IMPORTS, Driver, Job

from still_verl.demo.prepare import prepare

# A tiny model, four prompts a step; what a test varies comes after.
SMALL = [
    "+recipe=base",
    "still/device=cpu",
    "data.train_batch_size=4",
    "data.max_prompt_length=32",
    "data.max_response_length=16",
    "data.val_max_samples=4",
    "actor_rollout_ref.rollout.n=4",
    "actor_rollout_ref.actor.ppo_mini_batch_size=4",
    "actor_rollout_ref.actor.optim.lr=1e-2",
    "actor_rollout_ref.actor.use_kl_loss=true",
    "algorithm.adv_estimator=grpo",
    "trainer.val_before_train=false",
]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All real runs go to one worker, one after the other: two on one machine would hinder each other."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("verl"))


@pytest.fixture(scope="session")
def start_job() -> Iterator[Callable[..., Job]]:
    """Start `python -m MODULE OVERRIDES` in `folder`, verl's trainer by default; it ends with the session."""
    jobs = []

    def start(folder: Path, overrides: list[str], module: str = "verl.trainer.main_ppo", **env: str) -> Job:
        jobs.append(real_jobs.start(folder, overrides, module, **env))
        return jobs[-1]

    yield start
    for job in jobs:
        if real_jobs.marked(job.marker):
            job.end()


@pytest.fixture(scope="session")
def start_small(start_job: Callable[..., Job]) -> Callable[..., Job]:
    """Start a small job on CPU."""
    return lambda folder, *overrides, **env: start_job(folder, [*SMALL, "still.run_dir=run", *overrides], **env)


@pytest.fixture(scope="session")
def run_job() -> Iterator[Callable[..., Job]]:
    """Run a job to its end and insist that it succeeded. All share a driver, and a Ray where they can."""
    drivers: list[Driver] = []

    def run(folder: Path, overrides: list[str], timeout: float = 360) -> Job:
        if not drivers or not drivers[-1].alive:
            drivers.append(Driver())
        return drivers[-1].run(folder, overrides, timeout)

    yield run
    for driver in drivers:
        driver.stop()


@pytest.fixture(scope="session")
def train(run_job: Callable[..., Job]) -> Callable[..., Job]:
    """Run a small job to its end, see `run_job`."""

    def run(folder: Path, *overrides: str, timeout: float = 360) -> Job:
        return run_job(folder, [*SMALL, f"still.run_dir={folder}/run", *overrides], timeout)

    return run


@pytest.fixture(scope="session")
def demo_files() -> Callable[[str], list[str]]:
    """The overrides that train the untrained model of a name."""

    def files(name: str) -> list[str]:
        demo = prepare(name)
        return [
            f"actor_rollout_ref.model.path={demo.model}",
            f"data.train_files={demo.train}",
            f"data.val_files={demo.val}",
        ]

    return files


@pytest.fixture(scope="session")
def untrained(demo_files: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """The overrides that train the untrained model of a name on the share of digits."""
    return lambda name: [*demo_files(name), f"reward.custom_reward_function.path={IMPORTS}/digits.py"]


@pytest.fixture(scope="session")
def samples() -> Callable[[Path], list[dict[str, Any]]]:
    """The rows of a dump that verl wrote."""
    return lambda path: [json.loads(line) for line in path.read_text().splitlines()]
