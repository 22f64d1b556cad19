"""The KL coefficient of a step, in the actor's loss or in the reward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.schedules import follow_kl, value_at
from still_verl.trainer.callbacks import Callback

if TYPE_CHECKING:
    from omegaconf import DictConfig


class _Fixed:
    """What verl asks of `kl_ctrl_in_reward`; the step's value is set from outside."""

    value = 0.0

    def update(self, current_kl: float, n_steps: int) -> None:
        """verl reports each batch's KL here; the callback reads it from the metrics instead."""


class Kl(Callback):
    """Sets the coefficient of the step; at 0 the reference model is not even run."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).kl
        self.adapted = self.settings.start

    @property
    def active(self) -> bool:
        return self.settings.kind != "own"

    def coefficient(self, step: int, total: int) -> float:
        """Of `step`, the first being 1."""
        return self.adapted if self.settings.kind == "adaptive" else value_at(self.settings, step - 1, total)

    def on_init_end(self, trainer: Any) -> None:
        # What a run without KL lacks altogether; then there is nothing to switch on.
        self.has_reference = trainer.use_reference_policy
        if self.settings.place == "reward":
            trainer.kl_ctrl_in_reward = _Fixed()

    def on_step_begin(self, trainer: Any) -> None:
        self.value = self.coefficient(trainer.global_steps, trainer.total_training_steps)
        # An adaptive coefficient needs to see the KL even at 0.
        needed = self.has_reference and (self.value > 0 or self.settings.kind == "adaptive")
        trainer.use_reference_policy = needed
        if self.settings.place == "loss":
            trainer.loss.set(kl_loss_coef=self.value, use_kl_loss=needed)
        else:
            trainer.kl_ctrl_in_reward.value = self.value
            trainer.config.algorithm.use_kl_in_reward = needed

    def on_update(self, trainer: Any, metrics: dict[str, Any]) -> None:
        metrics["still/kl/coef"] = self.value
        seen = metrics.get("actor/kl_loss" if self.settings.place == "loss" else "actor/reward_kl_penalty")
        if self.settings.kind == "adaptive" and seen is not None:  # None: the step had nothing to learn from
            self.adapted = follow_kl(self.settings, self.value, seen)

    def state_dict(self) -> dict[str, Any]:
        return {"adapted": self.adapted}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adapted = state["adapted"]
