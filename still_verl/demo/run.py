"""Train a demo recipe and show what it learned: verl's own command underneath, its output in a file."""

import shlex
import subprocess
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from still_verl.demo.failures.failure import DemoFailure
from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare
from still_verl.demo.results import DemoError, alarms, example, summary
from still_verl.monitor.jsonl import read_metrics

MODELS = {"demo": "tiny", "demo_skills": "skills", "demo_smollm2": "smollm2"}
_LOG_LINES = 15  # of a job that failed, in the error


def run_demo(
    recipe: str, seed: int, overrides: Sequence[str], console: Console, failure: DemoFailure | None = None
) -> Path:
    """Build what the recipe needs, train it, print the result; returns the run folder.

    Args:
        recipe: a key of `MODELS`.
        seed: of the data order and of the sampling.
        overrides: more of Hydra's, after the recipe's own.
        failure: makes the run fail; what the monitor saw is printed, too.

    Raises:
        DemoError: verl's job failed, or left nothing to show; or an override names another folder than ours.
    """
    run = _run_folder(recipe, overrides)
    prepare(MODELS[recipe])
    run.mkdir(parents=True, exist_ok=True)
    job = [f"+recipe={recipe}", f"still.run_dir={run}"]
    job += [f"data.seed={seed}", f"actor_rollout_ref.rollout.seed={seed}"]
    if failure is not None:
        console.print(failure.story, highlight=False, soft_wrap=True)
        job += failure.job(run)
    job += overrides
    command = shlex.join(["python", "-m", "verl.trainer.main_ppo", *job])
    console.print(command, style="dim", markup=False, highlight=False, soft_wrap=True)
    _train(job, run, console)
    console.print(summary(run))
    if failure is None:
        console.print(example(run))
    else:
        console.print(alarms(run))
    console.print(f"run folder: {run}", highlight=False, soft_wrap=True)
    _report(run, console)
    return run


def _run_folder(recipe: str, overrides: Sequence[str]) -> Path:
    """Return the last `still.run_dir` of the overrides, else a new folder in the working directory.

    Raises:
        DemoError: Hydra's own folder is set, in which the demo would look for nothing.
    """
    folder = f"runs/{recipe}/{datetime.now():%Y-%m-%d_%H-%M-%S}"
    for override in overrides:
        key, _, value = override.partition("=")
        if key == "hydra.run.dir":
            raise DemoError(f"{override}: the folder of a demo is still.run_dir; write still.run_dir={value}")
        if key == "still.run_dir":
            folder = value
    return Path(folder).resolve()


def _train(job: list[str], run: Path, console: Console) -> None:
    log = run / "log.txt"
    with verl_job(job, log) as process:
        _follow(process, run, console)
    if process.returncode:
        tail = "\n".join(log.read_text().splitlines()[-_LOG_LINES:])
        raise DemoError(f"{tail}\n\nthe job ended with code {process.returncode}; all of its output: {log}")


def _follow(process: subprocess.Popen[bytes], run: Path, console: Console) -> None:
    """Draw a progress bar from the metrics that the job writes, until it ends."""
    text = TextColumn("{task.description}")
    with Progress(
        SpinnerColumn(), text, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task("starting Ray, FSDP2 and vLLM (a minute or two)", total=None)
        total = None
        while process.poll() is None:
            time.sleep(0.5)
            rows = read_metrics(run)
            if rows:
                total = total or _total_steps(run)
                progress.update(task, description=_status(rows), completed=rows[-1]["step"], total=total)


def _status(rows: list[dict[str, Any]]) -> str:
    """Say how well the latest step went; the row of the validation before the first step has no score."""
    for row in reversed(rows):
        if "critic/score/mean" in row:
            return f"training, {row['critic/score/mean']:.0%} of the step's answers right"
    return "training"


def _total_steps(run: Path) -> int:
    """Read the length of the run from the config that Hydra wrote when the job started."""
    from omegaconf import OmegaConf

    return int(OmegaConf.load(run / ".hydra" / "config.yaml").trainer.total_training_steps)


def _report(run: Path, console: Console) -> None:
    """Write the run's page; without the extra `report` a training is no failure, so only say what is missing."""
    from still_verl.report.page import write_report

    page = run / "report.html"
    try:
        write_report([run], page)
    except ValueError as error:
        console.print(f"no report: {error}", highlight=False, markup=False, soft_wrap=True)
    else:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
