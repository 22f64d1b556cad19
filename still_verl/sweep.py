"""The launcher of an ablation (`-m`): a failed job does not stop the others, and a rerun runs only unfinished jobs.

Each job has a folder, named after the overrides in which the jobs differ, with a `job.json` that says how it ended. A
rerun of the same command finds these folders: finished jobs are skipped, the others go on from their last checkpoint.
"""

import json
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn, JobStatus
from rich.console import Console
from rich.table import Column, Table

from still_verl.config_errors import ConfigError
from still_verl.monitor.jsonl import read_metrics
from still_verl.monitor.metric_names import VERL_ACCURACY


@dataclass(frozen=True)
class JobState:
    """What `job.json` in a job's run folder says.

    Attributes:
        overrides: Hydra's, of the command line and of the sweep.
        state: "running", "finished" or "failed". A job that was killed is still "running", and is run again.
        error: the last line of what it failed with.
    """

    overrides: list[str]
    state: str
    error: str = ""

    def write(self, folder: Path) -> None:
        """Write `job.json`; the file is whole at every moment."""
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "job.json.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(folder / "job.json")

    @classmethod
    def read(cls, folder: Path) -> "JobState | None":
        """Read `job.json`; None for a folder in which no job ran."""
        path = folder / "job.json"
        if not path.exists():
            return None
        return cls(**json.loads(path.read_text()))


class SweepLauncher(BasicLauncher):
    """Hydra's basic launcher, one job at a time, in folders whose names a rerun finds again."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs that are not finished yet, and print how all ended.

        Args:
            job_overrides: of each job, those of the command line among them.
            initial_job_idx: Hydra's number of the first job.

        Raises:
            SystemExit: with code 1, after the last job, if any failed.
        """
        assert self.config is not None
        sweep = Path(self.config.hydra.sweep.dir).resolve()
        folders = [sweep / name for name in job_names(job_overrides)]
        returns = []
        for number, (overrides, folder) in enumerate(zip(job_overrides, folders, strict=True), initial_job_idx):
            returns.append(self._run_unless_finished(list(overrides), folder, number))
        print_results(folders, returns)
        if any(_failed(job) for job in returns):
            print("still_verl: run the same command again: it runs only the jobs that failed", file=sys.stderr)
            sys.exit(1)
        return returns

    def _run_unless_finished(self, overrides: list[str], folder: Path, number: int) -> JobReturn:
        """Run a job and record how it ended. Its checkpoints are where verl looks for them to go on."""
        try:
            if finished_before(overrides, folder):
                return JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
        except ConfigError as error:  # another job's folder: not to be written to
            print(f"still_verl: {error}", file=sys.stderr)
            return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
        JobState(overrides, "running").write(folder)
        job = self._run(overrides, folder, number)
        if _failed(job):
            JobState(overrides, "failed", one_line(job._return_value)).write(folder)
        else:
            JobState(overrides, "finished").write(folder)
        return job

    def _run(self, overrides: list[str], folder: Path, number: int) -> JobReturn:
        places = [f"hydra.sweep.subdir={_quoted(folder.name)}", f"still.run_dir={_quoted(str(folder))}"]
        try:
            (job,) = super().launch([[*overrides, *places]], number)
        except SystemExit as error:  # how the check before a job ends it; it has said why
            return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
        if _failed(job):
            # `return_value` would raise the error, and so end the sweep.
            traceback.print_exception(job._return_value)
        return job


def _failed(job: JobReturn) -> bool:
    return job.status != JobStatus.COMPLETED


def job_names(jobs: Sequence[Sequence[str]]) -> list[str]:
    """Name the folder of each job by the overrides in which the jobs differ; a single job is called `job`.

    Example:
        >>> job_names([["+recipe=base", "still/kl=none"], ["+recipe=base", "still/kl=cosine"]])
        ['kl=none', 'kl=cosine']
    """
    columns = []  # of the overrides that are swept; the n-th override of all jobs sets the same key
    for column in zip(*jobs, strict=True):
        if len(set(column)) > 1:
            columns.append([_short(override) for override in column])
    if not columns:
        return ["job"]
    return [",".join(parts) for parts in zip(*columns, strict=True)]


def _short(override: str) -> str:
    """Shorten an override to what a name of a folder may hold: `still/kl=none` to `kl=none`."""
    text = re.sub(r"^[+~]*(still[/.])?", "", override)
    return re.sub(r"[^\w.=+-]+", "_", text)


def _quoted(text: str) -> str:
    """Quote a value for Hydra, to which a comma or a bracket means something."""
    return "'" + text.replace("'", r"\'") + "'"


def finished_before(overrides: list[str], folder: Path) -> bool:
    """Return whether a job with these overrides has finished in a folder, and needs no run.

    Raises:
        ConfigError: the folder has a job with other settings, whose checkpoints are not to be mixed with this one's.
    """
    before = JobState.read(folder)
    if before is None:
        return False
    changed = sorted(set(before.overrides) ^ set(overrides))
    if changed:
        raise ConfigError(
            f"{folder}: holds a job that differs in {', '.join(changed)}; name another folder with "
            "hydra.sweep.dir=FOLDER, or remove this one"
        )
    return before.state == "finished"


def one_line(error: object) -> str:
    """Name an error and give its last line: Ray puts the worker's traceback first."""
    if isinstance(error, SystemExit):
        return "the check before the job; see above"
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1]}"


def print_results(folders: Sequence[Path], returns: Sequence[JobReturn]) -> None:
    """Print a row for each job (state, step, last accuracies), where the folders are, and the errors."""
    table = Table(Column("job", overflow="fold"), "state", "step", "accuracy", "validation", box=None)
    errors = []
    for folder, job in zip(folders, returns, strict=True):
        state = "finished"
        if _failed(job):
            state = "failed"
            errors.append(f"{folder.name} failed: {one_line(job._return_value)}")
        table.add_row(folder.name, state, *last_figures(folder))
    console = Console()
    console.print(table)
    lines = [f"folders: {folders[0].parent}/*", *errors]
    console.print(*lines, sep="\n", soft_wrap=True, markup=False, highlight=False)


def last_figures(folder: Path) -> tuple[str, str, str]:
    """Return the last step, the share of right answers in training, and that in validation, as text.

    Of several benchmarks it is the one that verl logs last. A figure that the run has not logged is "-".
    """
    step = training = validation = None
    for row in read_metrics(folder):
        step = row.get("training/global_step", step)
        training = row.get("still/accuracy", training)
        for key, value in row.items():
            if VERL_ACCURACY.fullmatch(key):
                validation = value
    return "-" if step is None else str(step), _percent(training), _percent(validation)


def _percent(share: float | None) -> str:
    if share is None:
        return "-"
    return f"{share:.1%}"
