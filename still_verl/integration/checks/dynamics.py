"""What the training dynamics need of verl's settings; each check names the key, its value and the fix."""

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.schedules import INHERIT, temperature_at, value_at
from still_verl.integration.callbacks.sampling import obeys_the_step
from still_verl.integration.checks.reference import check_reference


def check_dynamics(config: DictConfig, still: StillConfig) -> None:
    """Run all of them.

    Raises:
        ConfigError: the first thing that cannot work.
    """
    check_mode(config, still)
    check_mini_batch(config)
    check_kl(config, still)
    check_distillation(config, still)
    check_reference(config, still)
    check_context(config, still)
    check_temperature(config, still)
    check_schedules(config, still)


def check_mode(config: DictConfig, still: StillConfig) -> None:
    """Check that the mode is one of ours, which alone act on these settings."""
    mode = config.trainer.v1.trainer_mode
    if mode.startswith("still_"):
        return
    default = StillConfig()
    for name in ("kl", "entropy", "temperature", "reference", "context", "selection"):
        if getattr(still, name) != getattr(default, name):
            raise ConfigError(
                f"still.{name} is set, but trainer.v1.trainer_mode={mode} does not read it: use still_{mode}"
            )


def check_mini_batch(config: DictConfig) -> None:
    """Refuse a mini batch that is larger than the batch.

    verl fills a step with rows of padding until it is whole mini batches, and runs every model on them.
    """
    prompts, mini = config.data.train_batch_size, config.actor_rollout_ref.actor.ppo_mini_batch_size
    if mini > prompts:
        raise ConfigError(
            f"actor_rollout_ref.actor.ppo_mini_batch_size={mini}: more than data.train_batch_size={prompts}, so that a "
            f"step would be mostly padding; set it to {prompts} (on-policy), or to a part of that (off-policy)"
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
    for name in ("kl", "entropy"):
        kind = getattr(still, name).kind
        if kind != INHERIT:
            raise ConfigError(
                f"distillation.distillation_loss.use_task_rewards=false: such a loss has no term for still.{name}.kind="
                f"{kind}; set it to true, or use still/{name}=inherit"
            )


def check_context(config: DictConfig, still: StillConfig) -> None:
    """Refuse a budget above what the batch and the engine are laid out for."""
    limit = config.data.max_response_length
    for tokens in [*(stage[1] for stage in still.context.stages), still.context.validation or 1]:
        if tokens > limit:
            raise ConfigError(
                f"still.context: {tokens} tokens are more than data.max_response_length={limit}; raise that to the "
                "largest budget of the run"
            )
    if (still.context.stages or still.context.validation) and not _has_our_loop(config):
        raise ConfigError(
            "still.context needs an agent loop of ours: set actor_rollout_ref.rollout.agent.default_agent_loop=still"
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
    if not _has_our_loop(config):
        raise ConfigError("still.temperature needs actor_rollout_ref.rollout.agent.default_agent_loop=still")


def check_schedules(config: DictConfig, still: StillConfig) -> None:
    """Ask each schedule for its values in every step; in the first alone where the data say how long the run is."""
    total = config.trainer.total_training_steps or 1
    for name, schedule, at in (
        ("kl", still.kl, value_at),
        ("entropy", still.entropy, value_at),
        ("temperature", still.temperature, temperature_at),
    ):
        if not schedule.scheduled:
            continue
        try:
            for time in range(total):
                at(schedule, time, total)
        except ConfigError as error:
            raise ConfigError(f"still.{name}.kind={schedule.kind}: {error}") from error


def _has_our_loop(config: DictConfig) -> bool:
    return obeys_the_step(config.actor_rollout_ref.rollout.agent.default_agent_loop)
