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

SWITCH = "ray_kwargs.ray_init.runtime_env.env_vars.TORCH_COMPILE_DISABLE"
# What asks for compiled code, and with which value.
COMPILES = {
    "actor_rollout_ref.actor.use_torch_compile": True,
    "actor_rollout_ref.actor.fsdp_config.use_torch_compile": True,
    "actor_rollout_ref.ref.use_torch_compile": True,
    "actor_rollout_ref.ref.fsdp_config.use_torch_compile": True,
    "actor_rollout_ref.rollout.enforce_eager": False,
    "critic.fsdp.use_torch_compile": True,
}


def check_cpu_limits(config: DictConfig) -> None:
    """Check a job without an accelerator against the table.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    for limit in LIMITS:
        if limit.asks(config):
            value = OmegaConf.select(config, limit.key)
            raise ConfigError(f"{limit.key}={value}: still/device=cpu cannot do it: {limit.fix}")
    check_compilation(config)


def check_compilation(config: DictConfig) -> None:
    """Check that nothing asks for compiled code where the job's environment switches it off.

    Raises:
        ConfigError: names the setting, its value and the fix.
    """
    if OmegaConf.select(config, SWITCH) != "1":
        return
    for key, asks in COMPILES.items():
        value = OmegaConf.select(config, key)
        if value is asks:
            raise ConfigError(
                f"{key}={value}: still/device=cpu switches compilation off, so nothing would read it; set it to "
                f"{not asks}, or {SWITCH}='\"0\"', which takes a C++ compiler"
            )
