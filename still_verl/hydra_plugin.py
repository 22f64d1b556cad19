"""What still_verl adds to Hydra: where recipes are, the checks before a job, and the launcher of ablations."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig

from still_verl import paths
from still_verl.config_errors import ConfigError
from still_verl.support import UnsupportedVersionError


class RecipeSearchPath(SearchPathPlugin):
    """Makes `+recipe=NAME`, `+still/GROUP=NAME` and `--config-name still` work from any directory."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append our folder, after verl's: a recipe never hides one of verl's files."""
        search_path.append(provider="still_verl", path=f"file://{paths.recipes_dir()}")


def register() -> None:
    """Put the recipes on Hydra's search path; called once, when a process imports hydra."""
    Plugins.instance().register(RecipeSearchPath)


class JobCallback(Callback):
    """The callback that every recipe sets as `hydra.callbacks.still`: checks before a job, frees Ray after it."""

    def on_multirun_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """Put our launcher in front of the one that the job names, Hydra's default or another."""
        from hydra_plugins._still_verl import Launcher  # not above: no worker needs it

        Launcher.put_in_front(config)

    def on_multirun_end(self, config: DictConfig, **_kwargs: Any) -> None:
        """Show how all jobs ended, with exit code 1 if any failed."""
        from hydra_plugins._still_verl import Launcher
        from still_verl.integration import driver_ray

        driver_ray.stop_ray()
        Launcher.report()

    def on_job_start(self, config: DictConfig, task_function: Any = None, **_kwargs: Any) -> None:
        """End the process with one message and exit code 1 where the job cannot work."""
        if getattr(task_function, "checks_itself", False):
            return  # a job of a sweep, which shall end no other
        with _ends_with_one_line("~hydra.callbacks.still"):
            # Not above: no worker needs them.
            from still_verl.integration.checks.prepare import check_version, prepare_job

            check_version()
            from still_verl.plan.fit import check_fit  # fails on another verl

            check_fit(config)
            prepare_job(config)
        from still_verl.integration import driver_ray

        driver_ray.start_ray(config)  # if it cannot, verl tries once more, and says why

    def on_job_end(self, config: DictConfig, job_return: Any, **_kwargs: Any) -> None:
        """Keep Ray for the next job of an ablation, or end it: its resources are those of the last job's actors."""
        from still_verl.integration import driver_ray  # not above: no worker needs it

        driver_ray.end_job(config, succeeded=job_return.status == JobStatus.COMPLETED)


class SftCallback(Callback):
    """The callback of the recipes of supervised training, `hydra.callbacks.still_sft`: checks before a job."""

    def on_job_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """End the process with one message and exit code 1 where the job cannot work."""
        with _ends_with_one_line("~hydra.callbacks.still_sft"):
            from still_verl.integration.registrations import check_loaded_verl  # not above: no worker needs them
            from still_verl.integration.sft.checks import prepare_sft

            check_loaded_verl()
            prepare_sft(config)


@contextmanager
def _ends_with_one_line(without: str) -> Iterator[None]:
    """End the process with exit code 1 where a check fails: Hydra goes on after any other error of a callback.

    Args:
        without: the override that starts a job without the checks, for the case that they fail themselves.
    """
    try:
        yield
    except (ConfigError, UnsupportedVersionError) as error:
        print(f"still_verl: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        print(
            "still_verl: the checks before the job failed themselves; please report the error above. "
            f"To start a job without them, add '{without}'",
            file=sys.stderr,
        )
        sys.exit(1)
