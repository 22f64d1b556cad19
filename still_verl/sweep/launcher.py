"""The launcher in front of the one that the user names: it decides folders, skips what has finished, and reports."""

import copy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from still_verl.config_errors import ConfigError
from still_verl.sweep.job import JobFailed, SweptJob
from still_verl.sweep.names import fixed_keys, job_name
from still_verl.sweep.results import failed, objective, print_results
from still_verl.sweep.state import JobState, finished_before

GRID = ".BasicSweeper"  # runs a fixed list, and looks at no result but to end with the first error
# What searches minimize, or give up by, where the command line says nothing else: what they get is an accuracy, and a
# job that fails does not stop the others.
SEARCHES = {"direction": ("minimize", "maximize"), "max_failure_rate": (0.0, 1.0)}


class SweepLauncher(Launcher):
    """Any launcher, in folders whose names a rerun finds again."""

    # Of the whole sweep, which may have many batches; a process runs one sweep.
    ended: ClassVar[list[tuple[Path, JobReturn]]] = []

    def __init__(self, chosen: DictConfig) -> None:
        """Take the node `hydra.launcher` of the launcher that runs the jobs."""
        self.chosen = chosen

    @classmethod
    def put_in_front(cls, config: DictConfig) -> None:
        """Replace the launcher in a sweep's config by this one, and let a search look for the best accuracy."""
        Plugins.instance().register(cls)
        chosen = OmegaConf.to_container(config.hydra.launcher)
        with open_dict(config.hydra):
            target = f"{cls.__module__}.{cls.__name__}"
            config.hydra.launcher = {"_target_": target, "_recursive_": False, "chosen": chosen}
        given = list(config.hydra.overrides.hydra)
        for key, (theirs, ours) in SEARCHES.items():
            path = f"hydra.sweeper.{key}"
            value = OmegaConf.select(config, path)
            overridden = any(override.lstrip("+").startswith(f"{path}=") for override in given)
            if overridden or getattr(value, "name", value) != theirs:
                continue
            OmegaConf.update(config, path, ours)
            print(f"still_verl: {path}={ours}: the objective is the accuracy of a job's last validation")

    @classmethod
    def report(cls) -> None:
        """Print how the jobs of the sweep ended.

        Raises:
            SystemExit: with code 1 if any failed.
        """
        if not cls.ended:
            return
        print_results(cls.ended)
        if any(failed(job) for _, job in cls.ended):
            print("still_verl: run the same command again: it runs only the jobs that failed", file=sys.stderr)
            sys.exit(1)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Set up the launcher that was chosen."""
        self.grid = config.hydra.sweeper._target_.endswith(GRID)
        self.sweep = Path(config.hydra.sweep.dir).resolve()
        self.fixed = fixed_keys(config.hydra.overrides.task)
        theirs = copy.deepcopy(config)
        with open_dict(theirs.hydra):
            theirs.hydra.launcher = self.chosen
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context, SweptJob(task_function, needs_objective=not self.grid), theirs
        )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs of a batch that are not finished yet.

        Args:
            job_overrides: of each job, those of the command line among them.
            initial_job_idx: Hydra's number of the first job.

        Returns:
            For each job the accuracy of its last validation, or its error. A grid is told no error.
        """
        jobs = [(self.sweep / job_name(overrides, self.fixed), list(overrides)) for overrides in job_overrides]
        ended = [self._ended_before(folder, overrides) for folder, overrides in jobs]
        waiting = {}  # by folder: a search may ask for the same job twice
        for (folder, overrides), job in zip(jobs, ended, strict=True):
            if job is None:
                waiting[folder] = [*overrides, *_places(folder)]
        ran: dict[Path, JobReturn] = {}
        if waiting:
            returns = self.launcher.launch(list(waiting.values()), initial_job_idx)
            ran = dict(zip(waiting, returns, strict=True))
        results = [job or ran[folder] for (folder, _), job in zip(jobs, ended, strict=True)]
        self.ended.extend(zip([folder for folder, _ in jobs], results, strict=True))
        if self.grid:
            return [_without_error(job) for job in results]
        return results

    def _ended_before(self, folder: Path, overrides: list[str]) -> JobReturn | None:
        """Return how a job ended that is not to be run; else None, and its folder says that it waits."""
        try:
            if finished_before(overrides, folder):
                return JobReturn(overrides, status=JobStatus.COMPLETED, _return_value=objective(folder))
        except ConfigError as error:  # another job's folder: not to be written to
            print(f"still_verl: {error}", file=sys.stderr)
            return JobReturn(overrides, status=JobStatus.FAILED, _return_value=JobFailed(f"ConfigError: {error}"))
        JobState(overrides, "waiting").write(folder)
        return None


def _places(folder: Path) -> list[str]:
    return [f"hydra.sweep.subdir={_quoted(folder.name)}", f"still.run_dir={_quoted(str(folder))}"]


def _quoted(text: str) -> str:
    """Quote a value for Hydra, to which a comma or a bracket means something."""
    return "'" + text.replace("'", r"\'") + "'"


def _without_error(job: JobReturn) -> Any:
    if failed(job):
        return JobReturn(job.overrides, status=JobStatus.COMPLETED)
    return job
