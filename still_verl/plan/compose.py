"""The config that a job would run with, composed as verl's trainer does it."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError, did_you_mean

MOST_STEPS = 1_000_000


def job_config(overrides: list[str]) -> DictConfig:
    """Compose the config of `python -m verl.trainer.main_ppo OVERRIDES`.

    Raises:
        ConfigError: Hydra refuses the overrides; the message is the first line of Hydra's, with the choices.
    """
    import verl  # noqa: F401  (puts our recipes on the search path)
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException, MissingConfigException

    try:
        with initialize_config_module("verl.trainer.config", version_base=None):
            return compose("ppo_trainer", overrides)
    except MissingConfigException as error:
        known = list(error.options or [])
        name = (error.missing_cfg_file or "").rpartition("/")[2]
        listed = f"; there are: {', '.join(known)}" if known else ""
        raise ConfigError(f"{str(error).splitlines()[0]}{did_you_mean(name, known)}{listed}") from error
    except HydraException as error:
        raise ConfigError(str(error).splitlines()[0]) from error


def run_length(config: DictConfig, steps: int | None = None) -> int:
    """Return the steps of a run: `steps` where it is given, else `trainer.total_training_steps`.

    Raises:
        ConfigError: it is not given, it is no whole number, below 1, or more than a plan can look at.
    """
    key, total, fix = "--steps", steps, ""
    if total is None:
        key, total, fix = "trainer.total_training_steps", config.trainer.total_training_steps, "; give --steps"
    if total is None:
        raise ConfigError(f"{key}=null: the run's length follows from its data{fix}")
    if isinstance(total, bool) or not isinstance(total, int):
        raise ConfigError(f"{key}={total}: a run has a whole number of steps{fix}")
    if total < 1:
        raise ConfigError(f"{key}={total}: a run has at least 1 step{fix}")
    if total > MOST_STEPS:
        raise ConfigError(f"{key}={total}: a plan looks at each step, so at most {MOST_STEPS:,}{fix}")
    return total
