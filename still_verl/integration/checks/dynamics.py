"""What the training dynamics need of verl's settings; each check names the key, its value and the fix."""

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.numbers import LEARNING_RATE, NODE
from still_verl.dynamics.schedules import INHERIT
from still_verl.integration.checks.numbers import check_numbers
from still_verl.integration.checks.reference import check_reference


def check_dynamics(config: DictConfig, still: StillConfig) -> None:
    """Run all of them.

    Raises:
        ConfigError: the first thing that cannot work.
    """
    check_mini_batch(config)
    check_kl(config, still)
    check_numbers(config, still)
    check_distillation(config, still)
    check_gate(config, still)
    check_reference(config, still)
    check_context(config, still)
    check_temperature(config, still)


def check_mini_batch(config: DictConfig) -> None:
    """Refuse a mini batch that is larger than the batch, or no part of it.

    verl fills a step with rows of padding until it is whole mini batches, and runs every model on them.
    """
    prompts, mini = config.data.train_batch_size, config.actor_rollout_ref.actor.ppo_mini_batch_size
    if mini > prompts:
        raise ConfigError(
            f"actor_rollout_ref.actor.ppo_mini_batch_size={mini}: more than data.train_batch_size={prompts}, so that a "
            f"step would be mostly padding; set it to {prompts} (on-policy), or to a part of that (off-policy)"
        )
    if prompts % mini:
        raise ConfigError(
            f"actor_rollout_ref.actor.ppo_mini_batch_size={mini}: does not divide data.train_batch_size={prompts}, so "
            f"that the {prompts % mini} prompts that are left weigh as much as a whole one; use a divisor"
        )


def check_kl(config: DictConfig, still: StillConfig) -> None:
    """Check that there is exactly one term of KL, at the place that the schedule is for."""
    if still.kl.kind == INHERIT:
        return
    active = {
        "loss": ("actor_rollout_ref.actor.use_kl_loss", config.actor_rollout_ref.actor.use_kl_loss),
        "reward": ("algorithm.use_kl_in_reward", config.algorithm.use_kl_in_reward),
    }
    place = still.kl.place
    other_key, other = active["reward" if place == "loss" else "loss"]
    if other:
        raise ConfigError(f"{other_key}=true: the KL would be added twice (still.kl.place={place}); set it to false")
    key, on = active[place]
    never = still.kl.kind == "constant" and still.kl.start == 0
    if not on and not never:
        raise ConfigError(f"{key}=false: still.kl.kind={still.kl.kind} needs it; set it to true, or use still/kl=none")


def check_distillation(config: DictConfig, still: StillConfig) -> None:
    """Refuse coefficients that a distillation without task rewards would drop: its loss replaces all of verl's."""
    distillation = config.get("distillation", {})
    if not distillation.get("enabled") or distillation.distillation_loss.use_task_rewards:
        return
    for key, settings in still.driven.items():
        if key in ("still.temperature", f"{NODE}.{LEARNING_RATE}"):
            continue
        drop = "drop that" if key.startswith(NODE) else f"use still/{key.removeprefix('still.')}=inherit"
        raise ConfigError(
            f"distillation.distillation_loss.use_task_rewards=false: such a loss has no term for {key}.kind="
            f"{settings.kind}; set it to true, or {drop}"
        )


def check_gate(config: DictConfig, still: StillConfig) -> None:
    """Refuse a gate without the pass in which the entropy of a step is measured before its update."""
    if still.entropy.gate and config.algorithm.rollout_correction.bypass_mode:
        raise ConfigError(
            "algorithm.rollout_correction.bypass_mode=true: still.entropy.gate=true needs the entropy before the "
            "update, which the pass for old log-probs measures; set one of the two to false"
        )


def check_context(config: DictConfig, still: StillConfig) -> None:
    """Refuse a budget above what the batch and the engine are laid out for."""
    limit = config.data.max_response_length
    largest = {"stages": max((tokens for _, tokens in still.context.stages), default=0)}
    largest["validation"] = still.context.validation or 0
    for name, tokens in largest.items():
        if tokens > limit:
            raise ConfigError(
                f"still.context.{name}={getattr(still.context, name)}: {tokens} tokens are more than "
                f"data.max_response_length={limit}; raise that to the largest budget of the run"
            )


def check_temperature(config: DictConfig, still: StillConfig) -> None:
    """Check that sampling and log-probs will use the same temperature."""
    if not still.temperature.scheduled:
        return
    mode = config.trainer.v1.trainer_mode
    if mode != "still_sync":
        raise ConfigError(
            f"still.temperature.kind={still.temperature.kind}: in trainer mode {mode} samples may come from another "
            "step; use still_sync, or still/temperature=inherit with actor_rollout_ref.rollout.temperature"
        )
