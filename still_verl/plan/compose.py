"""The config that a job would run with, composed as verl's trainer does it."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError, did_you_mean


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
        ConfigError: it is not given, or it is below 1.
    """
    if steps is not None and steps < 1:
        raise ConfigError(f"--steps={steps}: a run has at least 1 step")
    total = steps or config.trainer.total_training_steps
    if not total:
        raise ConfigError("trainer.total_training_steps=null: the run's length follows from its data; give --steps")
    if total < 1:
        raise ConfigError(f"trainer.total_training_steps={total}: a run has at least 1 step; give --steps")
    return int(total)
