"""What does not run without an accelerator, all in one table: a row goes when its feature comes.

Each would fail in Ray, minutes after the start.
"""

from collections.abc import Callable
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError


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


LIMITS = (
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
            value = OmegaConf.select(config, limit.key)
            raise ConfigError(f"{limit.key}={value}: still/device=cpu cannot do it: {limit.fix}")
