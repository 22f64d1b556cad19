"""What still_verl adds to Hydra: where recipes are, the checks before a job, and the launcher of ablations."""

import sys
import traceback
from typing import Any

import ray
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, open_dict

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


def preflight(config: DictConfig) -> None:
    """Check the whole job. The imports are here, as no worker needs them.

    Raises:
        ConfigError: the first thing that cannot work, in one line with key, value and fix.
        UnsupportedVersionError: this is not the verl of this release.
    """
    from still_verl.integration.registrations import check_loaded_verl

    check_loaded_verl()
    from still_verl.integration.checks.job import check_job  # fails on another verl
    from still_verl.plan.fit import check_fit

    check_fit(config)
    check_job(config)


def _prepare(config: DictConfig) -> None:
    """Check the job, and set up this process for it."""
    preflight(config)
    from still_verl.integration.checks.job import prepare_driver

    prepare_driver(config)


class JobCallback(Callback):
    """The callback that every recipe sets as `hydra.callbacks.still`: checks before a job, frees Ray after it."""

    def on_multirun_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """Put our launcher in place of Hydra's default: a recipe cannot choose one. One that the user names stays."""
        from hydra_plugins._still_verl import Launcher  # not above: no worker needs it

        if config.hydra.launcher._target_.endswith(".BasicLauncher"):
            Plugins.instance().register(Launcher)
            with open_dict(config.hydra.launcher):
                config.hydra.launcher._target_ = f"{Launcher.__module__}.{Launcher.__name__}"

    def on_job_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """End the process with one message and exit code 1 where the job cannot work."""
        # Hydra turns an Exception of a callback into a warning and goes on; only an exit stops the job.
        try:
            _prepare(config)
        except (ConfigError, UnsupportedVersionError) as error:
            print(f"still_verl: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            traceback.print_exc()
            print(
                "still_verl: the checks before the job failed themselves; please report the error above. "
                "To start a job without them, add '~hydra.callbacks.still'",
                file=sys.stderr,
            )
            sys.exit(1)

    def on_job_end(self, config: DictConfig, job_return: Any, **_kwargs: Any) -> None:
        """Free Ray's resources: the second job of a multirun would find the actors of the first on all of them."""
        ray.shutdown()
