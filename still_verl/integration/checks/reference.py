"""What a reference that is renewed needs: actor and reference in one worker, sharded alike."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.lora import lora_setting

CONSTANT = "constant"
STRATEGIES = ("fsdp", "fsdp2")
ACTOR, REFERENCE = "actor_rollout_ref.actor", "actor_rollout_ref.ref"

# Settings below `fsdp_config` that decide which part of which parameter a rank has. FSDP1 also puts the parameters of
# a unit into a flat one; FSDP2 shards each by itself.
FLAT_PARAMETERS = (
    "use_orig_params",
    "wrap_policy.disable",
    "wrap_policy.min_num_params",
    "wrap_policy.transformer_layer_cls_to_wrap",
)


def check_reference(config: DictConfig, still: StillConfig) -> None:
    """Check that a reset or an average can go shard by shard from actor to reference in one worker.

    Raises:
        ConfigError: the first setting that prevents it.
    """
    every = still.reference.renewal
    if not every:
        return
    if not config.actor_rollout_ref.actor.use_kl_loss and not config.algorithm.use_kl_in_reward:
        raise ConfigError(
            f"{every}: without KL there is no reference model ({ACTOR}.use_kl_loss=false, "
            f"algorithm.use_kl_in_reward=false); choose a KL with still/kl=, or set {still.reference.without_renewal}"
        )
    if still.kl.kind == CONSTANT and still.kl.start == 0:
        raise ConfigError(
            f"{every} beside still.kl.start={still.kl.start:g}: the reference is never run, so that nothing would "
            f"change; use a coefficient above 0, or set {still.reference.without_renewal}"
        )
    adapter = lora_setting(config)
    if adapter:
        raise ConfigError(
            f"{every}: with LoRA ({adapter}) the reference is the actor without its adapter, which cannot be reset; "
            f"merge the adapter into the model and train that, or set {still.reference.without_renewal}"
        )
    check_strategy(config, every)
    check_sharding(config, every)


def check_strategy(config: DictConfig, every: str) -> None:
    """Check that actor and reference have the same strategy, and one whose shards can be copied."""
    strategy = config.actor_rollout_ref.actor.strategy
    if strategy not in STRATEGIES:
        raise ConfigError(f"{every}: needs {ACTOR}.strategy=fsdp or fsdp2, not {strategy}")
    if config.actor_rollout_ref.ref.strategy != strategy:
        raise ConfigError(
            f"{every}: {REFERENCE}.strategy={config.actor_rollout_ref.ref.strategy} shards otherwise than "
            f"{ACTOR}.strategy={strategy}; set both to the same"
        )


def check_sharding(config: DictConfig, every: str) -> None:
    """Check that each rank has the same part of the same parameters of both models."""
    ranks = config.trainer.nnodes * config.trainer.n_gpus_per_node
    sizes = [_shards(_setting(config, model, "fsdp_size"), ranks) for model in (ACTOR, REFERENCE)]
    if sizes[0] != sizes[1]:
        raise ConfigError(_different(config, every, "fsdp_size"))
    if config.actor_rollout_ref.actor.strategy != "fsdp":
        return
    for key in FLAT_PARAMETERS:
        # Left out, null, 0 and false are the same for each of them.
        if (_setting(config, ACTOR, key) or None) != (_setting(config, REFERENCE, key) or None):
            raise ConfigError(_different(config, every, key))
    orig_params, dtype = _setting(config, ACTOR, "use_orig_params"), "model_dtype"
    # Then parameters begin at multiples of 16 bytes, which is another number of values for another type.
    if orig_params and _setting(config, ACTOR, dtype) != _setting(config, REFERENCE, dtype):
        raise ConfigError(_different(config, every, dtype))


def _setting(config: DictConfig, model: str, key: str) -> Any:
    return OmegaConf.select(config, f"{model}.fsdp_config.{key}")


def _shards(fsdp_size: int, ranks: int) -> int:
    """Return the number of shards: verl takes all ranks for a size below 0, or above their number."""
    return ranks if fsdp_size < 0 or fsdp_size > ranks else fsdp_size


def _different(config: DictConfig, every: str, key: str) -> str:
    actor, reference = _setting(config, ACTOR, key), _setting(config, REFERENCE, key)
    return (
        f"{every}: {REFERENCE}.fsdp_config.{key}={reference} shards otherwise than {ACTOR}.fsdp_config.{key}={actor}; "
        "set both to the same"
    )
