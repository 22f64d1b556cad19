"""What `still.schedules` needs: numbers that verl has, each driven by one setting alone."""

import dataclasses
from typing import Any

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.dynamics.numbers import LEARNING_RATE, NODE, numbers
from still_verl.dynamics.schedules import INHERIT, ScheduleConfig, value_at
from still_verl.integration.checks.run_length import run_length
from still_verl.integration.checks.schedules import nominal_length
from still_verl.integration.checks.upstream import default_config, value_of

ACTOR, OPTIMIZER = "actor_rollout_ref.actor", "optim"
RATE = f"{ACTOR}.{OPTIMIZER}.lr"
STRATEGIES = ("fsdp", "fsdp2")  # whose optimizers our workers know
# Numbers with a node of their own, which does more than to set them.
OWN_NODES = {
    "kl_loss_coef": ("kl", "runs the reference model where it is needed"),
    "use_kl_loss": ("kl", "runs the reference model where it is needed"),
    "entropy_coeff": ("entropy", "lets the workers compute entropies"),
    "temperature": ("temperature", "sets it for rollouts and log-probs alike"),
}
# Of the optimizer, with the value that leaves the rate alone.
SCHEDULER_OF_VERL = {
    "lr_warmup_steps": -1,
    "lr_warmup_steps_ratio": 0.0,
    "lr_scheduler_type": "constant",
    "warmup_style": None,
}


def check_numbers(config: DictConfig, still: StillConfig) -> None:
    """Look for a second setting that drives a number, or that would set it in vain.

    Raises:
        ConfigError: names both, and the fix.
    """
    for name, settings in numbers(still.schedules).items():
        said = f"{NODE}.{name}.kind={settings.kind}"
        check_own_node(name, said, still)
        if name == LEARNING_RATE:
            check_learning_rate(config, said)
        check_begin(config, name, said, settings)


def check_own_node(name: str, said: str, still: StillConfig) -> None:
    """Refuse a number that has a node of its own, whether or not that is used."""
    if name not in OWN_NODES:
        return
    node, more = OWN_NODES[name]
    kind = getattr(still, node).kind
    if kind != INHERIT:
        raise ConfigError(f"{said} and still.{node}.kind={kind} drive the same number; drop {NODE}.{name}")
    raise ConfigError(f"{said}: it has a node of its own, which also {more}; set still.{node} to that schedule instead")


def check_learning_rate(config: DictConfig, said: str) -> None:
    """Refuse a schedule of the rate beside one of verl's, or for an optimizer that we do not know."""
    strategy = config.actor_rollout_ref.actor.strategy
    if strategy not in STRATEGIES:
        raise ConfigError(f"{said}: needs {ACTOR}.strategy=fsdp or fsdp2, not {strategy}; drop it, or use one of these")
    for name, off in SCHEDULER_OF_VERL.items():
        value = config.actor_rollout_ref.actor.optim.get(name)
        constant = value is None or value == off or value == "constant"
        if isinstance(value, int | float):
            constant = value <= 0
        if not constant:
            written = "null" if off is None else off
            raise ConfigError(
                f"{said} and {ACTOR}.optim.{name}={value} both drive the learning rate; set {ACTOR}.optim.{name}="
                f"{written} and give {NODE}.{LEARNING_RATE} a warmup or an end, or drop it"
            )


def check_begin(config: DictConfig, name: str, said: str, settings: ScheduleConfig) -> None:
    """Refuse a setting of verl's that no step would use: it must be where the schedule begins, or verl's default."""
    key = RATE if name == LEARNING_RATE else f"{ACTOR}.{name}"
    value = OmegaConf.select(config, key)
    check_number(said, key, value)
    first = value_at(settings, 0, run_length(config) or nominal_length(settings))
    if value in (value_of(default_config(), key), settings.start, first):
        return
    raise ConfigError(
        f"{key}={value} is set, but {said} replaces it in every step; set it to {settings.start or first:g}, where "
        "that begins"
    )


def check_field(actor: Any, name: str, said: str) -> None:
    """Look for a number of an actor's config.

    Args:
        actor: verl's `ActorConfig`.
        name: of the number, dotted below another setting.
        said: how the message begins: the schedule's own setting.

    Raises:
        ConfigError: there is no such setting, it is no number, or it is read once as the job starts.
    """
    first = name.partition(".")[0]
    if first == OPTIMIZER:
        if name == f"{OPTIMIZER}.lr":
            raise ConfigError(f"{said}: the learning rate has a short name; write {NODE}.{LEARNING_RATE}")
        raise ConfigError(f"{said}: verl reads it once, as it builds the optimizer; drop it, only lr can be scheduled")
    value, above = actor, ""
    for part in name.split("."):
        known = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
        if part not in known:
            names = known if above else [*known, LEARNING_RATE]
            hint = did_you_mean(part, names) or "; drop it"
            raise ConfigError(f"{said}: verl's actor has no setting {name}{hint.replace('mean ', f'mean {above}')}")
        value, above = getattr(value, part), f"{above}{part}."
    check_number(said, f"{ACTOR}.{name}", value)


def check_number(said: str, key: str, value: Any) -> None:
    """Refuse a schedule of a setting that is no number; None is one that is not given yet."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ConfigError(f"{said}: {key}={value!r:.60} is no number; drop it")
