"""How weights get from the actor to the rollout, where a combination of settings would lose them."""

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.integration.lora import lora_setting

BACKEND = "actor_rollout_ref.rollout.checkpoint_engine.backend"
MODE = "trainer.v1.trainer_mode"


def check_weights(config: DictConfig, device: str) -> None:
    """Check that the rollout will get what the actor has learned.

    Args:
        config: the job's.
        device: `still.device`.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    mode = config.trainer.v1.trainer_mode
    separate = mode.endswith("separate_async")
    adapter = lora_setting(config)
    if adapter and not config.actor_rollout_ref.model.lora.merge:
        # verl's checkpoint engines send weights without the adapter; vLLM's CPU build takes none.
        for applies, where in ((device == "cpu", "still/device=cpu"), (separate, f"{MODE}={mode}")):
            if applies:
                raise ConfigError(
                    f"{adapter}: with {where} the rollout takes merged weights alone: "
                    "set actor_rollout_ref.model.lora.merge=true"
                )
    backend = config.actor_rollout_ref.rollout.checkpoint_engine.backend
    if device == "cpu" and separate and backend != "gloo":
        raise ConfigError(f"{BACKEND}={backend}: it needs accelerators; leave it at gloo, as still/device=cpu sets it")
