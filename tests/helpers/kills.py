"""Jobs whose every number follows from their settings, killed at random moments: what tests of kills share."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import json_lines, line, open_append, read_metrics

# A response follows from the weights alone: it has a seed of its own, and no other response is in its forward pass.
REPRODUCIBLE = [
    "actor_rollout_ref.model.external_lib=seeded_loop",
    "actor_rollout_ref.rollout.agent.default_agent_loop=still_seeded",
    "actor_rollout_ref.rollout.max_num_seqs=1",
    "actor_rollout_ref.rollout.enable_prefix_caching=false",
    "still.callbacks=[sorted_batch.SortedBatch,recorder.Recorder]",
]
# Names of metrics that must be the same each time that a step is run: coefficients, budgets, and what they led to.
LOGGED = ("still/kl/", "still/entropy/", "still/temperature", "still/context/", "still/reference/", "actor/", "critic/")
MEMORY = "actor/perf/"  # and no part of the training


def logged(folder: Path) -> dict[int, list[dict[str, Any]]]:
    """What each step of a job logged, and the checksums of (actor, reference) after it, each time it was run."""
    runs: dict[int, list[dict[str, Any]]] = {}
    for row in read_metrics(folder / "run"):
        if "training/global_step" in row:
            names = [name for name in row if name.startswith(LOGGED) and not name.startswith(MEMORY)]
            runs.setdefault(row["step"], []).append({name: row[name] for name in names})
    for row in _hooks(folder, "on_update"):
        runs.setdefault(row["step"], []).append({"sums": row["sums"]})
    return runs


def check_same(killed: Path, whole: Path, steps: int) -> None:
    """Compare every value of every step of a job that was killed with those of one that was not."""
    found, expected = logged(killed), logged(whole)
    assert sorted(found) == sorted(expected) == list(range(1, steps + 1))
    for step, rows in found.items():
        values, sums = expected[step]
        for row in rows:
            assert row == (sums if "sums" in row else values), f"step {step}"


def check_resets(folder: Path) -> None:
    """Check that actor and reference are equal in what they put out before the first update after each reset."""
    runs = logged(folder)
    resets = [step for step, rows in runs.items() if rows[0]["still/reference/reset"] and step + 1 in runs]
    assert resets
    for step in resets:
        assert runs[step + 1][0].get("actor/kl_loss", 0) < 1e-6, f"step {step + 1}"


def last_checkpoint(folder: Path) -> int:
    """The step that a job would resume after; 0 if there is none."""
    tracker = folder / "run/checkpoints/latest_checkpointed_iteration.txt"
    return int(tracker.read_text() or 0) if tracker.is_file() else 0


def kill_at(job: Any, moment: str, choose: random.Random) -> str:
    """Kill a job with SIGKILL at a random moment; return what it was doing: "start", "step", "checkpoint" or "ended".

    Args:
        job: has been started just now.
        moment: when to kill it, if it gets there: "start" (all of its processes), "step" or "checkpoint" (the trainer).
        choose: the source of chance.
    """
    before, begun = len(_trainers(job)), time.time()
    if moment == "start":
        _wait(job, lambda: len(_trainers(job)) > before, choose.uniform(2, 40))
    else:
        _wait(job, lambda: len(_trainers(job)) > before, 300)
    if moment == "step":
        _wait(job, lambda: False, choose.uniform(0, 12))
    if moment == "checkpoint":
        files = choose.randint(1, 8)  # a whole checkpoint has more
        _wait(job, lambda: _files_written(job, begun) >= files, 300)
    trainers = _trainers(job)[before:]
    if not trainers:
        job.end()
    elif job.process.poll() is None:
        _kill(trainers[-1])
    doing = "start"
    if trainers:
        doing = "checkpoint" if _files_written(job, begun) else "step"
    code = job.wait(120)
    assert job.left_behind() == []
    return "ended" if code == 0 else doing


def _trainers(job: Any) -> list[int]:
    """The processes of the trainer of each start of the job, as far as each got."""
    return [row["pid"] for row in _hooks(job.folder, "on_init_end")]


def _hooks(folder: Path, name: str) -> list[dict[str, Any]]:
    return [row for row in json_lines(folder / "run/hooks.jsonl") if row["hook"] == name]


def _files_written(job: Any, begun: float) -> int:
    """How many files, since then, a checkpoint has that is not the one to resume from yet; 0 without one."""
    last, files = last_checkpoint(job.folder), 0
    for checkpoint in (job.folder / "run/checkpoints").glob("global_step_*"):
        if int(checkpoint.name.rpartition("_")[2]) > last:
            files += sum(_written_since(path, begun) for path in checkpoint.rglob("*"))
    return files


def _written_since(path: Path, begun: float) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime >= begun
    except FileNotFoundError:  # it has just got its final name
        return False


def _wait(job: Any, until: Any, seconds: float) -> None:
    """Wait until something holds, the job has ended, or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and job.process.poll() is None and not until():
        time.sleep(0.002)


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


class Progress:
    """What came of each start, in a file, so that a test of an hour can be ended and go on later."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "kills.jsonl"

    @property
    def starts(self) -> int:
        return len(list(json_lines(self._path)))

    @property
    def ended(self) -> int:
        """How many runs came to their end before they were killed."""
        return sum(row["doing"] == "ended" for row in json_lines(self._path))

    @property
    def kills(self) -> list[str]:
        """What the job was doing at each kill."""
        return [row["doing"] for row in json_lines(self._path) if row["doing"] != "ended"]

    def add(self, **start: Any) -> None:
        with open_append(self._path) as file:
            file.write(line(start))
