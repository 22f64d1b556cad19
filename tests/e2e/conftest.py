"""Real verl jobs: `python -m verl.trainer.main_ppo` in a folder of its own, and what it left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from still_verl.demo.job import heed_interrupts
from still_verl.demo.prepare import prepare
from still_verl.monitor.jsonl import read_metrics

# What the jobs import: callbacks, a reward, a code loop.
IMPORTS = Path(__file__).parent / "jobs"

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
    "still.run_dir=run",
]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All real runs go to one worker, one after the other: two on one machine would hinder each other."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("verl"))


@dataclass
class Job:
    """A job that has ended, or a process that still runs."""

    process: subprocess.Popen[str]
    folder: Path
    marker: str

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The metrics of the training steps, in order."""
        return [row for row in read_metrics(self.folder / "run") if "training/global_step" in row]

    def hooks(self, *names: str) -> list[dict[str, Any]]:
        """What `recorder.Recorder` wrote of the hooks called so, of all without names."""
        rows = [json.loads(line) for line in (self.folder / "run/hooks.jsonl").read_text().splitlines()]
        return [row for row in rows if not names or row["hook"] in names]

    def wait(self, timeout: float) -> int:
        """The exit code; a job that hangs is ended and shown."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.end()
            pytest.fail(f"the job was still running after {timeout} s:\n{self.log[-4000:]}")

    def wait_for(self, text: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                pytest.fail(f"the job never printed {text!r}:\n{self.log[-4000:]}")
            time.sleep(0.5)

    def left_behind(self, patience: float = 60) -> list[str]:
        """Command lines of the job's processes that outlive it; those that are on their way out get `patience` s."""
        deadline = time.monotonic() + patience
        while (alive := marked(self.marker)) and time.monotonic() < deadline:
            time.sleep(0.5)
        return [" ".join(process.cmdline())[:120] for process in alive]

    def end(self) -> None:
        for process in marked(self.marker):
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        self.process.kill()  # does nothing to one that has ended


def marked(marker: str) -> list[psutil.Process]:
    """Every process whose environment carries the marker of one job."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("STILL_TEST_JOB") == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture(scope="session")
def start_job() -> Iterator[Callable[..., Job]]:
    """Start `python -m MODULE OVERRIDES` in `folder`, verl's trainer by default; it ends with the session."""
    jobs = []

    def start(folder: Path, overrides: list[str], module: str = "verl.trainer.main_ppo", **env: str) -> Job:
        folder.mkdir(parents=True, exist_ok=True)
        marker = uuid.uuid4().hex
        path = os.pathsep.join(filter(None, [str(IMPORTS), os.environ.get("PYTHONPATH")]))
        with (folder / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *overrides],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=heed_interrupts,
                env=os.environ | {"STILL_TEST_JOB": marker, "PYTHONPATH": path} | env,
            )
        jobs.append(Job(process, folder, marker))
        return jobs[-1]

    yield start
    for job in jobs:
        if marked(job.marker):
            job.end()


@pytest.fixture(scope="session")
def start_small(start_job: Callable[..., Job]) -> Callable[..., Job]:
    """Start a small job on CPU."""
    return lambda folder, *overrides, **env: start_job(folder, [*SMALL, *overrides], **env)


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
def train(start_small: Callable[..., Job]) -> Callable[..., Job]:
    """Run a small job to its end and insist that it succeeded and left nothing behind."""

    def run(folder: Path, *overrides: str, timeout: float = 360) -> Job:
        job = start_small(folder, *overrides)
        assert job.wait(timeout) == 0, job.log[-6000:]
        assert job.left_behind() == []
        return job

    return run


@pytest.fixture(scope="session")
def samples() -> Callable[[Path], list[dict[str, Any]]]:
    """The rows of a dump that verl wrote."""
    return lambda path: [json.loads(line) for line in path.read_text().splitlines()]
