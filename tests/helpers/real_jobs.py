"""Real jobs of verl: a process of its own for one of them, or a driver that runs one after the other."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from still_verl.demo.job import heed_interrupts
from still_verl.monitor.jsonl import read_metrics

# What the jobs import: callbacks, a reward, a code loop.
IMPORTS = Path(__file__).parents[1] / "e2e" / "jobs"


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


def environment(marker: str, **env: str) -> dict[str, str]:
    """The variables of a job: its marker, and the way to what it imports."""
    path = os.pathsep.join(filter(None, [str(IMPORTS), os.environ.get("PYTHONPATH")]))
    return os.environ | {"STILL_TEST_JOB": marker, "PYTHONPATH": path} | env


def start(folder: Path, overrides: list[str], module: str, **env: str) -> Job:
    """Start `python -m MODULE OVERRIDES` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    marker = uuid.uuid4().hex
    with (folder / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *overrides],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
            env=environment(marker, **env),
        )
    return Job(process, folder, marker)


class Driver:
    """A process that runs jobs one after the other, see `e2e/jobs/driver.py`."""

    def __init__(self) -> None:
        self.marker = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, str(IMPORTS / "driver.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=environment(self.marker),
        )
        self.answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, folder: Path, overrides: list[str], timeout: float) -> Job:
        """Run a job to its end, and insist that it succeeded and that its actors ended."""
        folder.mkdir(parents=True, exist_ok=True)
        job = Job(self.process, folder, self.marker)
        print(json.dumps({"folder": str(folder), "overrides": overrides}), file=self.process.stdin, flush=True)
        try:
            answer = self.answers.get(timeout=timeout)
        except queue.Empty:
            job.end()
            pytest.fail(f"the job was still running after {timeout} s:\n{job.log[-4000:]}")
        assert answer and json.loads(answer) == {"code": 0, "ended": True}, answer + job.log[-6000:]
        return job

    def stop(self) -> None:
        """Let it end, and insist that it leaves nothing behind."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
        assert Job(self.process, Path(), self.marker).left_behind() == []

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put("")  # it has died
