"""How the jobs of a sweep ended: the table that is printed, and what a sweeper is told of a job."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from rich.console import Console
from rich.table import Column, Table

from still_verl.monitor.jsonl import read_metrics
from still_verl.monitor.metric_names import VERL_VALIDATION


def failed(job: JobReturn) -> bool:
    """Return whether a job did not end well."""
    return job.status != JobStatus.COMPLETED


def one_line(error: object) -> str:
    """Name an error and give its last line: Ray puts the worker's traceback first."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1]}"


def objective(folder: Path) -> float | None:
    """Return the accuracy of a run's last validation, as `last_figures` does; None if it is none or no number."""
    _, _, validation = last_figures(folder)
    if validation is None or not math.isfinite(validation):
        return None
    return validation


def last_figures(folder: Path) -> tuple[int | None, float | None, float | None]:
    """Return the last step, and the accuracies of training and of validation, each if it was logged.

    That of validation is the mean over its sources of problems; of a reward that returns no `acc` it is the mean score.
    """
    step = training = validation = None
    for row in read_metrics(folder):
        step = row.get("training/global_step", step)
        training = row.get("still/accuracy", training)
        sources = [value for key, value in row.items() if VERL_VALIDATION.fullmatch(key)]
        if sources:
            validation = sum(sources) / len(sources)
    return step, training, validation


def print_results(jobs: Sequence[tuple[Path, JobReturn]]) -> None:
    """Print a row for each job (state, step, last accuracies), where the folders are, and the errors."""
    table = Table(Column("job", overflow="fold"), "state", "step", "accuracy", "validation", box=None)
    errors = []
    for folder, job in jobs:
        state = "finished"
        if failed(job):
            state = "failed"
            errors.append(f"{folder.name} failed: {job._return_value}")
        step, training, validation = last_figures(folder)
        table.add_row(folder.name, state, _text(step), _percent(training), _percent(validation))
    console = Console()
    console.print(table)
    lines = [f"folders: {jobs[0][0].parent}/*", *errors]
    console.print(*lines, sep="\n", soft_wrap=True, markup=False, highlight=False)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
