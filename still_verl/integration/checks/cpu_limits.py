"""What does not run without an accelerator, all in one table: a row goes when its feature comes.

Each would fail in Ray, minutes after the start.
"""

from collections.abc import Callable
from dataclasses import dataclass

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.upstream import has_critic


@dataclass(frozen=True)
class Limit:
    """One thing that CPU jobs cannot do.

    Attributes:
        key: the setting that asks for it.
        asks: whether a job does.
        fix: what to set instead, with why.
    """

    key: str
    asks: Callable[[DictConfig], bool]
    fix: str


def lora_rank(config: DictConfig) -> int:
    """Return the rank of the actor's adapter, whichever of verl's two settings has it; 0 without one."""
    model = config.actor_rollout_ref.model
    return int(model.get("lora", {}).get("rank", 0) or model.get("lora_rank", 0) or 0)


LIMITS = (
    Limit(
        "trainer.v1.trainer_mode",
        lambda config: config.trainer.v1.trainer_mode.endswith("separate_async"),
        "it sends weights with a backend for accelerators; use still_sync or still_colocate_async",
    ),
    Limit(
        "actor_rollout_ref.actor.strategy",
        lambda config: config.actor_rollout_ref.actor.strategy != "fsdp2",
        "on a processor only fsdp2 has an engine; use fsdp2",
    ),
    Limit(
        "actor_rollout_ref.ref.strategy",
        lambda config: config.actor_rollout_ref.ref.strategy != "fsdp2",
        "on a processor only fsdp2 has an engine; use fsdp2",
    ),
    Limit(
        "actor_rollout_ref.rollout.name",
        lambda config: config.actor_rollout_ref.rollout.name != "vllm",
        "on a processor only vllm runs; use vllm",
    ),
    Limit(
        "actor_rollout_ref.model.lora_rank",
        lambda config: lora_rank(config) > 0,
        "adapters cannot be sent to vLLM's CPU build; use 0",
    ),
    Limit(
        "critic.enable",
        lambda config: bool(config.critic.enable),
        "a critic has no engine on a processor; use null",
    ),
    Limit(
        "algorithm.adv_estimator",
        has_critic,
        "a critic has no engine on a processor; use grpo, rloo or another estimator without one",
    ),
    Limit(
        "reward.reward_model.enable",
        lambda config: config.reward.reward_model.enable,
        "a reward model needs an accelerator; use a reward function",
    ),
    Limit(
        "distillation.enabled",
        lambda config: config.get("distillation", {}).get("enabled", False),
        "a teacher needs an accelerator; set it to false",
    ),
)


def check_cpu_limits(config: DictConfig) -> None:
    """Check a job without an accelerator against the table.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    for limit in LIMITS:
        if limit.asks(config):
            value = _value(config, limit.key)
            raise ConfigError(f"{limit.key}={value}: still/device=cpu cannot do it: {limit.fix}")


def _value(config: DictConfig, key: str) -> object:
    """Return the value of a setting; of an adapter the rank, which may be in another setting."""
    if key.endswith("lora_rank"):
        return lora_rank(config)
    node = config
    for part in key.split("."):
        node = node[part]
    return node
