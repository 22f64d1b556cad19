"""The actor's loss is computed on made-up responses: each loss of verl's has settings that only it reads."""

import math
from operator import attrgetter
from typing import Any

import torch
from omegaconf import DictConfig
from verl.trainer.ppo.core_algos import get_policy_loss_fn
from verl.utils.config import omega_conf_to_dataclass

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.dynamics.numbers import LEARNING_RATE, NODE, numbers
from still_verl.dynamics.schedules import ScheduleConfig, values_of
from still_verl.integration.checks.numbers import check_field
from still_verl.integration.checks.run_length import run_length
from still_verl.integration.checks.schedules import nominal_length
from still_verl.integration.checks.upstream import default_config, reason, value_of
from still_verl.integration.loss import with_values

ACTOR = "actor_rollout_ref.actor"
KEY = f"{ACTOR}.policy_loss.loss_mode"
BOUNDS = ("clip_ratio_low", "clip_ratio_high")
BY_RESPONSE = "seq-mean-token-mean"  # each response counts as much as any other
BY_TOKEN = ("token-mean", "token-sum")
WHOLE_RESPONSE = "gspo"  # gives all tokens of a response one ratio
RESPONSES, TOKENS = 4, 64
Tensors = dict[str, torch.Tensor]


def check_policy_loss(config: DictConfig, still: StillConfig) -> None:
    """Compute the loss of a policy that has not changed, with an advantage of 1 for every token.

    With schedules, also at both ends of each; and every number that is driven must show in the loss.

    Raises:
        ConfigError: the loss raises, is no finite number, or does not read a number that is driven, or what is set.
    """
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    loss = f"{KEY}={actor.policy_loss.loss_mode}"
    schedules = numbers(still.schedules)
    schedules.pop(LEARNING_RATE, None)
    driven: dict[str, list[float]] = {}
    for name, settings in schedules.items():
        check_field(actor, name, f"{NODE}.{name}.kind={settings.kind}")
        driven[name] = ends(config, settings)
    # A number without a default of verl's, such as that of DRO, has its first value from the schedule.
    missing = {name: values[0] for name, values in driven.items() if attrgetter(name)(actor) is None}
    actor = with_values(actor, missing)
    check_computed(actor, loss, "give what it needs", "correct its settings")
    check_bounds(actor, loss)
    check_aggregation(actor, loss)
    for name, values in driven.items():
        for value in values:
            said = f"{NODE}.{name}={value:g} with {loss}"
            check_computed(with_values(actor, {name: value}), said, "use other values", "use other values")
        if not is_used(actor, name):
            raise ConfigError(
                f"{NODE}.{name}.kind={schedules[name].kind}: {loss} does not use it from step to step, so that nothing "
                "would change; drop it, or choose a loss that does (still/loss=...)"
            )


def check_bounds(actor: Any, loss: str) -> None:
    """Refuse bounds of the ratio, other than verl's, beside a loss that has none."""
    for name in BOUNDS:
        value = getattr(actor, name)
        if value != value_of(default_config(), f"{ACTOR}.{name}") and not is_used(actor, name):
            raise ConfigError(
                f"{ACTOR}.{name}={value} beside {loss}: this loss has no such bound; set still/clip=inherit, or choose "
                "a loss that has one (still/loss=...)"
            )


def check_aggregation(actor: Any, loss: str) -> None:
    """Refuse to weigh responses by their tokens where the loss goes by whole responses."""
    mode = actor.loss_agg_mode
    if mode == BY_RESPONSE:
        return
    fix = f"set {ACTOR}.loss_agg_mode={BY_RESPONSE}"
    if actor.policy_loss.loss_mode == WHOLE_RESPONSE and mode in BY_TOKEN:
        raise ConfigError(
            f"{ACTOR}.loss_agg_mode={mode} beside {loss}: it has one ratio for a whole response, which would count as "
            f"often as that has tokens; {fix}, as still/loss={WHOLE_RESPONSE} does"
        )
    if of_verl(actor) and not reads_aggregation(actor):
        raise ConfigError(
            f"{ACTOR}.loss_agg_mode={mode} beside {loss}: verl takes the mean of each response there, then of all, "
            f"whatever is set; {fix}"
        )


def of_verl(actor: Any) -> bool:
    """Say whether the loss is one of verl's own."""
    return get_policy_loss_fn(actor.policy_loss.loss_mode).__module__.partition(".")[0] == "verl"


def reads_aggregation(actor: Any) -> bool:
    """Say whether a sum over tokens is another loss than the one that the job has, or a mean if that is the sum."""
    mean, total = BY_TOKEN
    other = with_values(actor, {"loss_agg_mode": mean if actor.loss_agg_mode == total else total})
    return not torch.equal(loss_of(actor, moved_far())[0], loss_of(other, moved_far())[0])


def ends(config: DictConfig, settings: ScheduleConfig) -> list[float]:
    """Return the first value of a schedule, the smallest and the largest."""
    total = run_length(config) or nominal_length(settings)
    values = values_of(settings, total)
    return [values[0], min(values), max(values)]


def check_computed(actor: Any, said: str, for_error: str, for_number: str) -> None:
    """Compute the loss of a policy that has not changed.

    Raises:
        ConfigError: it cannot be computed, or is no finite number; begins with what is `said`, ends with a fix.
    """
    zeros = torch.zeros(RESPONSES, TOKENS)
    try:
        loss, _ = loss_of(actor, {"old_log_prob": zeros, "log_prob": zeros, "advantages": zeros + 1})
    except Exception as error:  # of verl's or of the user's own
        raise ConfigError(f"{said}: it cannot be computed: {reason(error)}; {for_error}") from error
    if not bool(torch.isfinite(loss)):
        raise ConfigError(f"{said}: it is {loss.item()} for a policy that has not changed; {for_number}")


def loss_of(actor: Any, tensors: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the policy loss and its gradient, for responses without padding; what it draws at random is the same."""
    actor.global_batch_info.update(  # what a worker knows of the mini-batch
        dp_size=1,
        batch_num_tokens=RESPONSES * TOKENS,
        global_batch_size=RESPONSES,
        loss_scale_factor=actor.loss_scale_factor,
    )
    log_prob = tensors["log_prob"].clone().requires_grad_()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        loss, _ = get_policy_loss_fn(actor.policy_loss.loss_mode)(
            old_log_prob=tensors["old_log_prob"],
            log_prob=log_prob,
            advantages=tensors["advantages"],
            response_mask=torch.ones(RESPONSES, TOKENS),
            loss_agg_mode=actor.loss_agg_mode,
            config=actor,
            rollout_is_weights=None,
        )
    (slope,) = torch.autograd.grad(loss, log_prob)
    return loss.detach(), slope


def is_used(actor: Any, name: str) -> bool:
    """Say whether a number of the actor's config shows in its loss.

    It is set to NaN. Reading it is not enough: all losses read `clip_ratio`, and use it only without the two others.
    """
    plain = loss_of(actor, moved_far())
    try:
        loss, slope = loss_of(with_values(actor, {name: math.nan}), moved_far())
    except Exception:  # a number of tokens, for one, cannot be computed from it
        return True
    return not (torch.equal(loss, plain[0]) and torch.equal(slope, plain[1]))


def moved_far() -> Tensors:
    """Make up a policy that has moved far, in both directions, so that every bound has something to bound."""
    generator = torch.Generator().manual_seed(0)
    old = -3 * torch.rand(RESPONSES, TOKENS, generator=generator)
    moved = torch.randn(RESPONSES, TOKENS, generator=generator)
    advantages = 2 * torch.randn(RESPONSES, TOKENS, generator=generator)
    return {"old_log_prob": old, "log_prob": old + moved, "advantages": advantages}
