"""What each trainer mode asks of the other settings; verl says it only in Ray, when workers are reserved."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError

MODE = "trainer.v1.trainer_mode"


def check_modes(config: DictConfig) -> None:
    """Check the settings that the job's mode needs.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    if config.trainer.v1.trainer_mode.removeprefix("still_") == "separate_async":
        check_separate(config)
    elif not config.actor_rollout_ref.hybrid_engine:
        raise ConfigError(
            f"actor_rollout_ref.hybrid_engine=false: {MODE}={config.trainer.v1.trainer_mode} needs it; set it to true"
        )


def check_separate(config: DictConfig) -> None:
    """Check what `separate_async` asserts in its constructor: its own rollout devices, and whole mini-batches."""
    rollout, mode = config.actor_rollout_ref.rollout, config.trainer.v1.trainer_mode
    sync = config.trainer.v1.separate_async.parameter_sync_step
    mini, batch = config.actor_rollout_ref.actor.ppo_mini_batch_size, config.data.train_batch_size
    if batch != sync * mini:
        raise ConfigError(
            f"data.train_batch_size={batch}: {MODE}={mode} needs trainer.v1.separate_async.parameter_sync_step={sync} "
            f"times actor_rollout_ref.actor.ppo_mini_batch_size={mini}; set it to {sync * mini}"
        )
    for key in ("nnodes", "n_gpus_per_node"):
        if rollout[key] < 1:
            raise ConfigError(
                f"actor_rollout_ref.rollout.{key}={rollout[key]}: {MODE}={mode} samples on its own devices; give some"
            )
    if rollout.checkpoint_engine.backend == "naive":
        raise ConfigError(
            f"actor_rollout_ref.rollout.checkpoint_engine.backend=naive: {MODE}={mode} needs one that sends weights to "
            "other devices, such as nccl"
        )
    if not config.actor_rollout_ref.hybrid_engine:
        raise ConfigError(
            f"actor_rollout_ref.hybrid_engine=false: verl 0.9.1 ends with a TypeError then in {MODE}={mode}; "
            "set it to true"
        )
