"""Which numbers of verl's actor each loss uses, found out by computing it."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from omegaconf import DictConfig
from verl.trainer.ppo.core_algos import POLICY_LOSS_REGISTRY
from verl.utils.config import omega_conf_to_dataclass

from still_verl.integration.checks.policy_loss import is_used

LOW, HIGH, DUAL = "clip_ratio_low", "clip_ratio_high", "clip_ratio_c"
# Read off verl's functions. `clip_ratio` is in none: the other two are always set.
USED = {
    "vanilla": {LOW, HIGH, DUAL},
    "dppo_tv": {LOW, HIGH, DUAL},
    "dppo_kl": {LOW, HIGH, DUAL},
    "gspo": {LOW, HIGH},
    "sapo": {"tau_pos", "tau_neg"},
    "gpg": set(),
    "clip_cov": {
        LOW,
        HIGH,
        "policy_loss.clip_cov_ratio",
        "policy_loss.clip_cov_lb",
        "policy_loss.clip_cov_ub",
    },
    "kl_cov": {"policy_loss.kl_cov_ratio", "policy_loss.ppo_kl_coef"},
    "geo_mean": {LOW, HIGH},
    "dro": {"policy_loss.dro_beta"},
    "cispo": {LOW, HIGH},
    "bypass_mode": {LOW, HIGH, DUAL},
}


def numbers_of(node: Any, above: str = "") -> Iterator[str]:
    """Names of all numbers of the actor's config, but of its optimizer, model and engine."""
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name in ("policy_loss", "rollout_correction"):
            yield from numbers_of(value, f"{above}{field.name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield above + field.name


def test_every_loss_of_verl_is_here() -> None:
    assert set(POLICY_LOSS_REGISTRY) == set(USED)


@pytest.mark.parametrize("mode", USED)
def test_a_number_that_is_used_shows_in_the_loss_and_no_other(mode: str, fast_job: Callable[[str], DictConfig]) -> None:
    policy_loss = "actor_rollout_ref.actor.policy_loss"
    config = fast_job(f"{policy_loss}.loss_mode={mode} {policy_loss}.dro_beta=0.5")
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    assert {name for name in numbers_of(actor) if is_used(actor, name)} == USED[mode]


def test_a_scale_is_used_by_the_aggregation_alone_that_reads_it(fast_job: Callable[[str], DictConfig]) -> None:
    actor = "actor_rollout_ref.actor"
    for mode, used in (("token-mean", False), ("seq-mean-token-sum-norm", True)):
        config = fast_job(f"{actor}.loss_agg_mode={mode} {actor}.loss_scale_factor=64")
        assert is_used(omega_conf_to_dataclass(config.actor_rollout_ref.actor), "loss_scale_factor") is used
