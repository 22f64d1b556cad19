"""The launcher of an ablation (`-m`): a job that fails stops no other, and a rerun does only what is not finished."""

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


@dataclass(frozen=True)
class JobState:
    """What `job.json` in a job's run folder says: its overrides, and `running`, `finished` or `failed`."""

    overrides: list[str]
    state: str
    error: str = ""

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "job.json.partial"
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(folder / "job.json")

    @classmethod
    def read(cls, folder: Path) -> "JobState | None":
        path = folder / "job.json"
        return cls(**json.loads(path.read_text())) if path.exists() else None


class SweepLauncher(BasicLauncher):
    """Hydra's own launcher, one job at a time, in folders whose names a rerun finds again."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and print how they ended.

        Raises:
            SystemExit: with code 1, after the last job, if any failed.
        """
        assert self.config is not None
        sweep = Path(self.config.hydra.sweep.dir).resolve()
        folders = [sweep / name for name in job_names(job_overrides)]
        returns = []
        for number, (overrides, folder) in enumerate(zip(job_overrides, folders, strict=True), initial_job_idx):
            returns.append(self._job(list(overrides), folder, number))
        show(folders, returns)
        if any(job.status != JobStatus.COMPLETED for job in returns):
            print("still_verl: the same command again does only the jobs that failed", file=sys.stderr)
            sys.exit(1)
        return returns

    def _job(self, overrides: list[str], folder: Path, number: int) -> JobReturn:
        """One job, unless it has finished before; its checkpoints are where verl looks for them to go on."""
        try:
            if finished_before(overrides, folder):
                return JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
        except ConfigError as error:  # another job's folder: not to be written to
            print(f"still_verl: {error}", file=sys.stderr)
            return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
        JobState(overrides, "running").write(folder)
        job = self._run(overrides, folder, number)
        if job.status == JobStatus.COMPLETED:
            JobState(overrides, "finished").write(folder)
        else:
            JobState(overrides, "failed", one_line(job._return_value)).write(folder)
        return job

    def _run(self, overrides: list[str], folder: Path, number: int) -> JobReturn:
        where = [f"hydra.sweep.subdir={_quoted(folder.name)}", f"still.run_dir={_quoted(str(folder))}"]
        try:
            (job,) = super().launch([[*overrides, *where]], number)
        except SystemExit as error:  # how the check before a job ends it; it has said why
            return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
        if job.status == JobStatus.FAILED:
            traceback.print_exception(job._return_value)
        return job


def job_names(jobs: Sequence[Sequence[str]]) -> list[str]:
    """The folder of each job: the overrides in which the jobs differ, e.g. `kl=none` for `still/kl=none`."""
    swept = [column for column in zip(*jobs, strict=True) if len(set(column)) > 1]
    names = [",".join(_short(override) for override in row) for row in zip(*swept, strict=True)]
    return names or ["job"]


def _short(override: str) -> str:
    text = re.sub(r"^[+~]*(still[/.])?", "", override)
    return re.sub(r"[^\w.=+-]+", "_", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", r"\'") + "'"


def finished_before(overrides: list[str], folder: Path) -> bool:
    """Whether the job of a folder needs no run.

    Raises:
        ConfigError: the folder has a job with other settings, whose checkpoints are not to be mixed with this one's.
    """
    before = JobState.read(folder)
    if before is None:
        return False
    if changed := sorted(set(before.overrides) ^ set(overrides)):
        raise ConfigError(
            f"{folder}: holds a job that differs in {', '.join(changed)}; name another folder with "
            "hydra.sweep.dir=FOLDER, or remove this one"
        )
    return before.state == "finished"


def one_line(error: object) -> str:
    """The end of an error: Ray puts the worker's traceback first."""
    if isinstance(error, SystemExit):
        return "the check before the job; see above"
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1]}"


def show(folders: Sequence[Path], returns: Sequence[JobReturn]) -> None:
    """Print a row for each job (state, step, last accuracies), where the folders are, and the errors."""
    table = Table(Column("job", overflow="fold"), "state", "step", "accuracy", "validation", box=None)
    errors = []
    for folder, job in zip(folders, returns, strict=True):
        failed = job.status != JobStatus.COMPLETED
        table.add_row(folder.name, "failed" if failed else "finished", *last_figures(folder))
        errors += [f"{folder.name} failed: {one_line(job._return_value)}"] if failed else []
    console = Console()
    console.print(table)
    lines = [f"folders: {folders[0].parent}/*", *errors]
    console.print(*lines, sep="\n", soft_wrap=True, markup=False, highlight=False)


def last_figures(folder: Path) -> tuple[str, str, str]:
    """The last step, the share of right answers in training, and the first benchmark's in validation."""
    rows = read_metrics(folder)
    steps = [row["training/global_step"] for row in rows if "training/global_step" in row]
    trained = [row["still/accuracy"] for row in rows if "still/accuracy" in row]
    validated = [v for row in rows for k, v in row.items() if k.startswith("val-core/") and "/acc/mean@" in k]
    shares = [f"{values[-1]:.1%}" if values else "-" for values in (trained, validated)]
    return str(steps[-1]) if steps else "-", shares[0], shares[1]
