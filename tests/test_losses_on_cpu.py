"""Each choice of still/loss, clip and advantage: the worker computes the paper's formula, written here in numpy."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from numpy.typing import NDArray
from omegaconf import DictConfig
from verl.trainer.ppo.core_algos import get_adv_estimator_fn, get_policy_loss_fn
from verl.utils.config import omega_conf_to_dataclass

from still_verl.paths import recipes_dir

Floats = NDArray[np.float64]

RNG = np.random.default_rng(26)
OLD = RNG.uniform(-3.0, -0.5, (4, 6))
NEW = OLD + RNG.normal(0, 0.4, (4, 6))
NEW = np.minimum(NEW, -0.01)
MASK = (np.arange(6) < np.array([[6], [4], [2], [5]])).astype(float)
ADVANTAGE = np.array([[1.0], [-0.5], [2.0], [-1.5]]) * MASK
RATIO = np.exp(NEW - OLD)
LOWER_CLIP = 3.0  # of PPO's dual clip, verl's clip_ratio_c


@pytest.fixture(scope="module", autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield


def job(*choices: str) -> DictConfig:
    return compose("ppo_trainer", ["+recipe=zero_7b_plain", "data.max_response_length=6", *choices])


def loss_of_worker(config: DictConfig) -> float:
    """Compute the loss with the function and the settings that verl's worker has."""
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    actor.global_batch_info.update(
        dp_size=1,
        batch_num_tokens=MASK.sum(),
        global_batch_size=len(MASK),
        loss_scale_factor=actor.loss_scale_factor,
    )
    loss, _ = get_policy_loss_fn(actor.policy_loss.loss_mode)(
        old_log_prob=torch.tensor(OLD),
        log_prob=torch.tensor(NEW, requires_grad=True),
        advantages=torch.tensor(ADVANTAGE),
        response_mask=torch.tensor(MASK),
        loss_agg_mode=actor.loss_agg_mode,
        config=actor,
        rollout_is_weights=None,
    )
    return float(loss.detach())


def token_mean(losses: Floats) -> float:
    return float((losses * MASK).sum() / MASK.sum())


def sample_mean(losses: Floats) -> float:
    return float(((losses * MASK).sum(1) / MASK.sum(1)).mean())


def dr_grpo(losses: Floats) -> float:
    """Add up each response's tokens, over the longest possible response."""
    return float(((losses * MASK).sum(1) / 6).mean())


def ppo(low: float, high: float) -> Floats:
    clipped = np.maximum(-ADVANTAGE * RATIO, -ADVANTAGE * np.clip(RATIO, 1 - low, 1 + high))
    return np.where(ADVANTAGE < 0, np.minimum(clipped, -ADVANTAGE * LOWER_CLIP), clipped)


def gspo() -> float:
    ratio = np.exp(((NEW - OLD) * MASK).sum(1, keepdims=True) / MASK.sum(1, keepdims=True))
    losses = np.maximum(-ADVANTAGE * ratio, -ADVANTAGE * np.clip(ratio, 1 - 3e-4, 1 + 4e-4))
    return sample_mean(losses)


def cispo() -> float:
    return token_mean(-np.clip(RATIO, -9, 1.2) * ADVANTAGE * NEW)


def sapo() -> float:
    temperature = np.where(ADVANTAGE > 0, 1.0, 1.05)
    gate = 4 / temperature / (1 + np.exp(-temperature * (RATIO - 1)))
    return sample_mean(-gate * ADVANTAGE)


def gmpo() -> float:
    change = NEW - OLD
    sign = np.sign(ADVANTAGE)
    bounded = sign * np.minimum(sign * change, sign * np.clip(change, -0.4, 0.4))
    ratio = np.exp((bounded * MASK).sum(1) / MASK.sum(1))
    return float((-(ADVANTAGE * MASK).sum(1) / MASK.sum(1) * ratio).mean())


def dppo_tv() -> float:
    moved = np.exp(NEW) - np.exp(OLD)
    inside = np.where(ADVANTAGE > 0, moved <= 0.15, moved >= -0.15)
    return token_mean(-ADVANTAGE * RATIO * NEW * inside)


def dppo_kl() -> float:
    new, old = np.exp(NEW), np.exp(OLD)
    divergence = old * np.log(old / new) + (1 - old) * np.log((1 - old) / (1 - new))
    outside = (divergence > 0.05) & np.where(ADVANTAGE > 0, new > old, new < old)
    return token_mean(-ADVANTAGE * RATIO * NEW * ~outside)


def dro() -> float:
    return token_mean(-(NEW * ADVANTAGE - 0.5 * 0.1 * (NEW - OLD) ** 2))


LOSSES: dict[str, Callable[[], float]] = {
    "still/loss=token_mean": lambda: token_mean(ppo(0.2, 0.2)),
    "still/loss=sample_mean": lambda: sample_mean(ppo(0.2, 0.2)),
    "still/loss=gspo": gspo,
    "still/loss=cispo": cispo,
    "still/loss=sapo": sapo,
    "still/loss=gmpo": gmpo,
    "still/loss=dppo_tv": dppo_tv,
    "still/loss=dppo_kl": dppo_kl,
    "still/loss=dro actor_rollout_ref.actor.policy_loss.dro_beta=0.1": dro,
    "still/clip=symmetric": lambda: token_mean(ppo(0.2, 0.2)),
    "still/clip=higher": lambda: token_mean(ppo(0.2, 0.28)),
    "still/clip=prorl": lambda: token_mean(ppo(0.2, 0.4)),
    "still/advantage=dr_grpo": lambda: dr_grpo(ppo(0.2, 0.2)),
}


@pytest.mark.parametrize("choice", LOSSES)
def test_the_workers_loss_is_the_formula(choice: str) -> None:
    assert loss_of_worker(job(*choice.split())) == pytest.approx(LOSSES[choice](), rel=1e-6)


def test_the_losses_differ() -> None:
    """A batch that none of them clips would say nothing."""
    computed = [round(loss(), 6) for loss in LOSSES.values()]
    assert len(set(computed)) >= len(computed) - 2  # token_mean and clip=symmetric are both PPO's


def test_every_loss_is_here() -> None:
    """Those by covariance draw tokens at random: below."""
    drawn = {"still/loss=clip_cov", "still/loss=kl_cov"}
    for group in ("loss", "clip"):
        named = {f"still/{group}={path.stem}" for path in (recipes_dir() / "still" / group).glob("*.yaml")}
        assert named - {choice.split()[0] for choice in LOSSES} - drawn == {f"still/{group}=inherit"}


def test_kl_cov_adds_the_penalty_to_the_token_of_the_largest_covariance() -> None:
    few = "actor_rollout_ref.actor.policy_loss.kl_cov_ratio=0.06"  # one of 17 tokens
    inside = MASK > 0
    centred = (ADVANTAGE - ADVANTAGE[inside].mean()) * (NEW - NEW[inside].mean())
    chosen = np.where(inside, centred, -np.inf) == centred[inside].max()
    losses = -ADVANTAGE * RATIO + chosen * np.abs(NEW - OLD)
    assert loss_of_worker(job("still/loss=kl_cov", few)) == pytest.approx(token_mean(losses), rel=1e-6)


def test_clip_cov_leaves_out_tokens_whose_covariance_is_between_its_bounds() -> None:
    """With a share of all tokens none is drawn; one that is clipped anyway stays as it is."""
    settings = {"clip_cov_ratio": 1.0, "clip_cov_lb": 0.5, "clip_cov_ub": 1.5}
    overrides = [f"actor_rollout_ref.actor.policy_loss.{name}={value}" for name, value in settings.items()]
    inside = MASK > 0
    unclipped = -ADVANTAGE * RATIO
    clipped = np.maximum(unclipped, -ADVANTAGE * np.clip(RATIO, 0.0, 2.0))
    centred = (ADVANTAGE - ADVANTAGE[inside].mean()) * (NEW - NEW[inside].mean())
    chosen = inside & (clipped <= unclipped) & (centred > 0.5) & (centred < 1.5)
    assert 1 < chosen.sum() < (centred[inside] > 0.5).sum() < inside.sum()
    losses = np.where(chosen, 0.0, clipped)
    assert loss_of_worker(job("still/loss=clip_cov", *overrides)) == pytest.approx(token_mean(losses), rel=1e-6)


REWARDS = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
GROUPS = np.array(["a"] * 4 + ["b"] * 4)
LENGTHS = np.array([3, 1, 2, 3, 2, 2, 3, 1])


def by_group(function: Callable[[Floats, Floats], Floats]) -> Floats:
    """Apply a function to the rewards and lengths of each group."""
    parts = [function(REWARDS[GROUPS == name], LENGTHS[GROUPS == name].astype(float)) for name in ("a", "b")]
    return np.concatenate(parts)


def best_over_second(rewards: Floats, _lengths: Floats) -> Floats:
    first, second = np.sort(rewards)[::-1][:2]
    paid = np.zeros_like(rewards)
    paid[rewards.argmax()] = first - second
    return paid / (rewards.std(ddof=1) + 1e-6)


def whitened(values: Floats) -> Floats:
    """Normalise over all tokens, as often as a response has tokens."""
    tokens = np.repeat(values, LENGTHS)
    deviation = np.sqrt(tokens.var(ddof=1) + 1e-8)
    return (values - tokens.mean()) / deviation


ADVANTAGES: dict[str, Callable[[], Floats]] = {
    "grpo": lambda: by_group(lambda r, _: (r - r.mean()) / (r.std(ddof=1) + 1e-6)),
    "dr_grpo": lambda: by_group(lambda r, _: r - r.mean()),
    "rloo": lambda: by_group(lambda r, _: r - (r.sum() - r) / (len(r) - 1)),
    "pass_k": lambda: by_group(best_over_second),
    "opo": lambda: by_group(lambda r, n: r - (r * n).sum() / n.sum()),
    "reinforce_plus_plus": lambda: whitened(REWARDS),
    "reinforce_plus_plus_baseline": lambda: whitened(by_group(lambda r, _: r - r.mean())),
}


@pytest.mark.parametrize("choice", ADVANTAGES)
def test_the_advantage_is_the_formula(choice: str) -> None:
    """Of each response, whose tokens all have the same."""
    algorithm = job(f"still/advantage={choice}").algorithm
    mask = torch.arange(3) < torch.tensor(LENGTHS)[:, None]
    rewards = torch.zeros(8, 3)
    rewards[torch.arange(8), torch.tensor(LENGTHS) - 1] = torch.tensor(REWARDS, dtype=torch.float)
    arguments: dict[str, Any] = {"norm_adv_by_std_in_grpo": algorithm.norm_adv_by_std_in_grpo, "index": GROUPS}
    computed, _ = get_adv_estimator_fn(algorithm.adv_estimator)(
        token_level_rewards=rewards, response_mask=mask.float(), config=algorithm, **arguments
    )
    assert computed[:, 0].numpy() == pytest.approx(ADVANTAGES[choice](), abs=1e-4)


def test_every_estimator_is_here() -> None:
    named = {path.stem for path in (recipes_dir() / "still/advantage").glob("*.yaml")}
    assert named - set(ADVANTAGES) == {"inherit"}
