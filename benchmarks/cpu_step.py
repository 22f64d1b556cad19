"""Where do the seconds of a demo job on a processor go, from the command to the first step, and in each step?

    python benchmarks/cpu_step.py
    python benchmarks/cpu_step.py --against ../old --rounds 3

Runs the demo for some steps, reads from /proc how many processor seconds each of its processes takes, and from verl's
timers how long each part of a step is. Processor seconds depend little on what else the machine does; wall seconds do.
Nothing of torch was compiled before, as on a new machine.
With `--against` another checkout, with an environment of its own in `.venv`, runs the same job in turn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from still_verl.demo.prepare import prepare

MARK = "STILL_VERL_CPU_STEP"  # an environment variable by which the processes of a job are known
WARM_UP = 2  # steps
# Whose a process is, by the first of these that its title has.
OWNERS = {
    "WorkerDict": "actor and reference: torch, through verl's worker",
    "EngineCore": "vLLM's engine",
    "Server": "vLLM's front end, in verl's server",
    "GatheringWorker": "agent loops and rewards: ours and verl's",
    "AgentLoopWorker": "agent loops: verl's",
    "ReportingWorker": "agent loops: verl's",
    "RewardLoopWorker": "rewards: verl's",
    "TaskRunner": "the trainer: verl's and ours",
    "SimpleStorage": "TransferQueue",
    "TransferQueue": "TransferQueue",
    "LoadBalancer": "verl's load balancer",
    "main_ppo": "the driver: Hydra, checks of the job",
    "fork_server": "fork server: imports of all workers",
    "forkserver": "fork server: imports of all workers",
    "ray": "Ray",
}


class Usage(NamedTuple):
    """What a process had used at a moment (s since the command)."""

    moment: float
    seconds: float


class Job(NamedTuple):
    """A run, measured."""

    usage: dict[str, list[list[Usage]]]  # by owner, of each of its processes
    steps: list[dict[str, float]]  # verl's metrics
    ended: float  # the last step, s since the command


def run(tree: Path, steps: int, overrides: list[str]) -> Job:
    """Run the demo from a checkout and watch it."""
    demo = prepare("tiny")
    with tempfile.TemporaryDirectory() as folder:
        job = ["+recipe=demo", f"still.run_dir={folder}", f"actor_rollout_ref.model.path={demo.model}"]
        job += [f"data.train_files={demo.train}", f"data.val_files={demo.val}", "data.seed=1"]
        job += [f"trainer.total_training_steps={steps}", "trainer.test_freq=-1", "trainer.val_before_train=false"]
        command = [str(tree / ".venv/bin/python"), "-m", "verl.trainer.main_ppo", *job, *overrides]
        mark = str(time.time_ns())
        environment = os.environ | {MARK: mark, "TORCHINDUCTOR_CACHE_DIR": f"{folder}/compiled"}
        with Path(folder, "log.txt").open("w") as log:
            started = time.time()
            process = subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=log)
            usage = watch(process, mark, started)
        if process.returncode:
            sys.exit(Path(folder, "log.txt").read_text()[-3000:])
        metrics = Path(folder, "metrics.jsonl")
        lines = [json.loads(line) for line in metrics.read_text().splitlines()]
        rows = [line.get("data", line) for line in lines]
        return Job(usage, [row for row in rows if "timing_s/step" in row], metrics.stat().st_mtime - started)


def watch(process: "subprocess.Popen[bytes]", mark: str, started: float) -> dict[str, list[list[Usage]]]:
    """Read until the job ends what its processes have used."""
    titles: dict[int, str] = {}
    curves: dict[int, list[Usage]] = {}
    others = {each.pid for each in psutil.process_iter()} - {process.pid}
    while process.poll() is None:
        for each in psutil.process_iter():
            if each.pid in others:
                continue
            try:
                if each.pid not in curves and each.environ().get(MARK) != mark:
                    others.add(each.pid)
                    continue
                used = each.cpu_times()
                title = " ".join(each.cmdline()).strip()
            except psutil.Error:
                continue
            if title:  # a process that is ending has none
                titles[each.pid] = title
            curves.setdefault(each.pid, []).append(Usage(time.time() - started, used.user + used.system))
        time.sleep(0.25)
    found: dict[str, list[list[Usage]]] = {}
    for pid, curve in curves.items():
        found.setdefault(owner(titles.get(pid, "")), []).append(curve)
    return found


def owner(title: str) -> str:
    return next((whose for part, whose in OWNERS.items() if part in title), "others: graders, helpers of Ray")


def used(curves: list[list[Usage]], until: float) -> float:
    """Return the seconds that processes had used at a moment."""
    total = 0.0
    for curve in curves:
        total += max((usage.seconds for usage in curve if usage.moment <= until), default=0.0)
    return total


def shares(job: Job) -> dict[str, tuple[float, float]]:
    """Return by owner the processor seconds until the first step, and of a step after the warm-up."""
    lengths = [row["timing_s/step"] for row in job.steps]
    first, warm = job.ended - sum(lengths), job.ended - sum(lengths[WARM_UP:])
    count = len(lengths) - WARM_UP
    found = {}
    for whose, curves in job.usage.items():
        step = (used(curves, job.ended) - used(curves, warm)) / count
        found[whose] = used(curves, first), step
    return found


def show(name: str, jobs: list[Job], console: Console) -> None:
    """Print the medians over rounds."""
    table = Table("who", "start: processor s", "a step: processor s", title=f"{name}, {len(jobs)} runs")
    each = [shares(job) for job in jobs]
    medians: dict[str, list[float]] = {}
    for whose in sorted({whose for found in each for whose in found}):
        both = [found.get(whose, (0.0, 0.0)) for found in each]
        medians[whose] = [statistics.median(values) for values in zip(*both, strict=True)]
    for whose, (start, step) in sorted(medians.items(), key=lambda item: -sum(item[1])):
        table.add_row(whose, f"{start:.1f}", f"{step:.2f}")
    totals = [sum(column) for column in zip(*medians.values(), strict=True)]
    table.add_row("all", f"{totals[0]:.1f}", f"{totals[1]:.2f}")
    console.print(table)
    timers = Table("verl's timer", "median s", "fastest s", title=f"{name}: wall seconds of a step")
    warm = [row for job in jobs for row in job.steps[WARM_UP:]]
    for timer in sorted(key for key in warm[0] if key.startswith("timing_s/")):
        values = [row[timer] for row in warm if timer in row]
        timers.add_row(timer.partition("/")[2], f"{statistics.median(values):.2f}", f"{min(values):.2f}")
    console.print(timers)
    starts = [job.ended - sum(row["timing_s/step"] for row in job.steps) for job in jobs]
    console.print(f"{name}: from the command to the first step {statistics.median(starts):.1f} s, of each {starts}")
    samples = [start + job.steps[0]["timing_s/gen"] for start, job in zip(starts, jobs, strict=True)]
    console.print(
        f"{name}: from the command to the first samples {statistics.median(samples):.1f} s, of each {samples}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of verl, for both")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=Path, help="another checkout, with .venv")
    args = parser.parse_args()
    console = Console()
    trees: dict[str, Path] = {"this": Path(__file__).resolve().parents[1]}
    if args.against:
        trees["the other"] = args.against.resolve()
    found: dict[str, list[Any]] = {name: [] for name in trees}
    for _ in range(args.rounds):
        for name, tree in trees.items():
            found[name].append(run(tree, args.steps, args.overrides))
    for name, jobs in found.items():
        show(name, jobs, console)


if __name__ == "__main__":
    main()
