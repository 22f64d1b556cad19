"""In which share of its steps a run makes the passes that not every step needs: reference, old log-probs."""

from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig
from still_verl.dynamics.schedules import ADAPTIVE, value_at


def reference_share(config: DictConfig, ours: StillConfig, total: int) -> float:
    """Return the share of steps that need the reference: under our KL schedule those with a coefficient above 0."""
    if not (config.algorithm.use_kl_in_reward or config.actor_rollout_ref.actor.use_kl_loss):
        return 0.0
    if not ours.kl.scheduled:
        return 1.0
    return sum(value_at(ours.kl, time, total) > 0 for time in range(total)) / total


def old_logprob_share(config: DictConfig, ours: StillConfig, total: int, updates: int) -> float:
    """Return the share of steps with the pass for old log-probs: all, unless the job leaves it out and may.

    Router replay, distillation and estimators that read old log-probs also keep the pass. They are not looked at here:
    the job says so as it starts.
    """
    if OmegaConf.select(config, "algorithm.rollout_correction.bypass_mode"):
        return 0.0
    if not ours.old_log_prob.skip or any(_readers(config, ours, updates)):
        return 1.0
    actor, every = config.actor_rollout_ref.actor, ours.old_log_prob.entropy_every
    if not every or actor.calculate_entropy or actor.entropy_coeff != 0.0:  # the loss computes the entropy
        return 0.0
    return -(-total // every) / total


def _readers(config: DictConfig, ours: StillConfig, updates: int) -> Iterator[bool]:
    """Say of each setting that keeps the pass whether it does."""
    yield updates > 1
    yield config.algorithm.use_kl_in_reward
    yield config.actor_rollout_ref.rollout.calculate_log_probs
    yield config.trainer.v1.trainer_mode.endswith("separate_async")
    yield ours.entropy.kind == ADAPTIVE
    for key in ("rollout_is", "rollout_rs"):
        yield OmegaConf.select(config, f"algorithm.rollout_correction.{key}") is not None
