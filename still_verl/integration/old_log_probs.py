"""Leaves out verl's pass for the old log-probs in a step with one update.

The loss compares the policy with the one before the step's first update. In the only update of a step both are the
same, so their ratio is 1 by definition, and the log-probs of the loss itself, without a gradient, stand for the old
ones: the same gradient for one forward pass less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import OmegaConf
from verl.utils import tensordict_utils as tu
from verl.workers.utils.padding import response_from_nested

from still_verl.config import StillConfig, still_config
from still_verl.dynamics.schedules import ADAPTIVE
from still_verl.integration.checks.advantage import advantages

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    from still_verl.integration.transfer_queue import Batch

    # What stands behind the mixin; at run time it is a mixin of nothing.
    Upstream = PPOTrainer
else:
    Upstream = object

LEFT_OUT = "still_old_log_prob_left_out"  # goes to the workers with a batch
# What of verl's own reads the old log-probs outside the loss, by a setting and the value with which nothing does.
READERS = {
    "algorithm.use_kl_in_reward": False,
    "algorithm.rollout_correction.bypass_mode": False,
    "algorithm.rollout_correction.rollout_is": None,
    "algorithm.rollout_correction.rollout_rs": None,
    "actor_rollout_ref.rollout.calculate_log_probs": False,
    "actor_rollout_ref.actor.megatron.router_replay.mode": "disabled",
    "actor_rollout_ref.actor.veomni.router_replay.mode": "disabled",
    "distillation.enabled": False,
}


class Passes:
    """Decides for each step whether the pass is left out."""

    def __init__(self, config: DictConfig) -> None:
        """Read the settings of a job; say so if it asks for what it cannot have."""
        still = still_config(config)
        self._skip, self._entropy_every = still.old_log_prob.skip, still.old_log_prob.entropy_every
        self._actor = config.actor_rollout_ref.actor
        needed = needed_for(config, still) if self._skip else ""
        if needed:
            self._skip = False
            # Printed: verl's vLLM server hides whatever is logged below an error.
            print(f"still_verl: still.old_log_prob.skip=true has no effect, the old log-probs are needed: {needed}")

    def left_out(self, step: int) -> bool:
        """Return whether a step, the first being 1, does without the pass."""
        if not self._skip:
            return False
        # Upstream has the loss compute the entropy then; a schedule of ours changes the coefficient from step to step.
        if self._actor.calculate_entropy or self._actor.entropy_coeff != 0.0:
            return True
        return self._entropy_every == 0 or (step - 1) % self._entropy_every != 0


class OldLogProbs(Upstream):
    """Mixin in front of an upstream trainer: leaves out the pass of a step, and tells the loss so."""

    config: Any
    global_steps: int
    _passes: Passes
    _left_out = False  # the pass of this step

    def on_init_end(self) -> None:
        """Read what the job wants and can have."""
        super().on_init_end()
        self._passes = Passes(self.config)

    def _compute_old_log_prob(self, batch: Batch, metrics: dict[str, Any]) -> Batch:
        self._left_out = self._passes.left_out(self.global_steps)
        if self._left_out:
            return batch
        return super()._compute_old_log_prob(batch, metrics)

    def _update_actor(self, batch: Batch, metrics: dict[str, Any]) -> Batch:
        if self._left_out:
            batch.extra_info[LEFT_OUT] = True
        batch = super()._update_actor(batch, metrics)
        if self._left_out and "actor/entropy_loss" in metrics:
            metrics["actor/entropy"] = metrics["actor/entropy_loss"]
        return batch


def needed_for(config: DictConfig, still: StillConfig) -> str:
    """Return the first setting that needs the pass, and why; nothing if it can be left out."""
    return next(_needs(config, still), "")


def _needs(config: DictConfig, still: StillConfig) -> Iterator[str]:
    actor, prompts = config.actor_rollout_ref.actor, config.data.train_batch_size
    if actor.ppo_mini_batch_size < prompts:
        mini_batch = f"actor_rollout_ref.actor.ppo_mini_batch_size={actor.ppo_mini_batch_size}"
        yield f"{mini_batch} for data.train_batch_size={prompts} makes several updates in a step"
    if actor.ppo_epochs > 1:
        yield f"actor_rollout_ref.actor.ppo_epochs={actor.ppo_epochs} makes several updates in a step"
    if config.trainer.v1.trainer_mode.endswith("separate_async"):
        yield f"trainer.v1.trainer_mode={config.trainer.v1.trainer_mode} makes several updates in a step"
    if still.entropy.kind == ADAPTIVE:
        yield "still.entropy.kind=adaptive reads the entropy of each step before its update"
    for key, unread in READERS.items():
        value = OmegaConf.select(config, key)
        if value is not None and value != unread:
            yield f"{key}={value} reads them; {key}={_text(unread)} does not"
    if _estimator_reads_them(config):
        yield f"algorithm.adv_estimator={config.algorithm.adv_estimator} reads them"


def _text(value: Any) -> str:
    """Return a value as the command line writes it."""
    return {False: "false", None: "null"}.get(value, str(value))


def _estimator_reads_them(config: DictConfig) -> bool:
    """Compute the advantages of two made-up prompts with and without old log-probs."""
    groups = [config.actor_rollout_ref.rollout.n] * 2
    try:
        without = advantages(config, groups, leave_out=("old_log_probs",))
    except Exception:  # of verl's or of the user's own
        return True
    return not torch.equal(without, advantages(config, groups))


def fill_in(data: Any, log_probs: torch.Tensor) -> None:
    """Give a micro-batch of a step without the pass the log-probs of the loss itself, as constants.

    Args:
        data: the micro-batch, with `response_mask`.
        log_probs: jagged, of each token of its sequences.
    """
    if tu.get_non_tensor_data(data, LEFT_OUT, default=False):
        data["old_log_probs"] = response_from_nested(log_probs.detach(), data["response_mask"])
