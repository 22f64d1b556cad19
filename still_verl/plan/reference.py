"""What the reference model takes of the host's memory: verl's FSDP always keeps it there, between its passes."""

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.plan.dtypes import BYTES

EXACT = 4  # bytes of a parameter of the exact average, in fp32
OF_VERL = "bf16"  # the type of a model that is not trained, where the job names none


def reference_width(config: DictConfig, ours: StillConfig) -> int:
    """Return the bytes of each parameter of the reference, over all ranks; 0 in a job without one.

    A reference that follows the actor (`still.reference.ema`) is kept a second time, exactly, unless it is in fp32.
    """
    if not (config.algorithm.use_kl_in_reward or config.actor_rollout_ref.actor.use_kl_loss):
        return 0
    if config.actor_rollout_ref.model.lora_rank > 0:  # the reference is the actor without its adapter
        return 0
    width = BYTES[config.actor_rollout_ref.ref.fsdp_config.model_dtype or OF_VERL]
    averaged = ours.reference.ema is not None
    return width + EXACT if averaged and width < EXACT else width
