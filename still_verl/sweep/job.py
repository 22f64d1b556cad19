"""What runs in the process of one job of a sweep, whichever launcher started it."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.support import UnsupportedVersionError
from still_verl.sweep.results import objective, one_line
from still_verl.sweep.state import JobState


class JobFailed(Exception):
    """A job of a sweep failed; its text says why in one line.

    It travels between processes, as not every error does.
    """


class SweptJob:
    """The task of a job, in place of verl's `main`: checks the job, trains, and keeps `job.json` up to date.

    Attributes:
        checks_itself: tells the callback of our recipes that it need not: it can only end the whole process.
    """

    checks_itself = True

    def __init__(self, train: Callable[[DictConfig], Any], needs_objective: bool) -> None:
        self.train = train
        self.needs_objective = needs_objective

    def __call__(self, config: DictConfig) -> float | None:
        """Run a job in the folder `still.run_dir`, where the launcher has put a `job.json`.

        Returns:
            The accuracy of the last validation.

        Raises:
            JobFailed: whatever went wrong, if it was not an interrupt.
        """
        folder = Path(config.still.run_dir)
        state = JobState.read(folder)
        assert state is not None
        state.change(folder, "running")
        try:
            value = self._run(config, folder)
        except (Exception, SystemExit) as error:
            _show(error)
            state.change(folder, "failed", one_line(error))
            raise JobFailed(one_line(error)) from None
        state.change(folder, "finished")
        return value

    def _run(self, config: DictConfig, folder: Path) -> float | None:
        # Not above: a rerun of an ablation that has finished needs no verl.
        from still_verl.integration.checks.prepare import check_version, prepare_job

        check_version()
        from still_verl.plan.fit import check_fit  # fails on another verl

        if self.needs_objective:
            check_validates(config)
        check_fit(config)
        prepare_job(config, wait=True)
        from still_verl.integration import driver_ray

        driver_ray.start_ray(config)
        self.train(config)
        value = objective(folder)
        if value is None and self.needs_objective:
            raise RuntimeError("the run logged no validation accuracy, which is the objective of this sweep")
        return value


def check_validates(config: DictConfig) -> None:
    """Check that a job whose objective is the accuracy of its last validation has one.

    Raises:
        ConfigError: it never validates.
    """
    trainer = config.trainer
    if trainer.test_freq <= 0 and not trainer.get("val_only", False):
        raise ConfigError(
            f"trainer.test_freq={trainer.test_freq}: the objective of this sweep is the accuracy of the last "
            "validation; set trainer.test_freq to a number of steps"
        )


def _show(error: BaseException) -> None:
    if isinstance(error, ConfigError | UnsupportedVersionError):
        print(f"still_verl: {error}", file=sys.stderr)
    else:
        traceback.print_exception(error)
