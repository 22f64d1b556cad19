"""The KL coefficient of a step, in the actor's loss or in the reward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.dynamics.coefficient import Coefficient, follow_kl
from still_verl.integration.callbacks.adaptive import observe, resume
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.per_token import KL

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer


class FixedController:
    """What verl asks of `kl_ctrl_in_reward`; the step's value is set from outside."""

    value = 0.0

    def update(self, current_kl: float, n_steps: int) -> None:
        """Ignore what verl reports of each batch: the callback reads it from the metrics instead."""


class Kl(Callback):
    """Sets the coefficient of the step; at 0 the reference model is not even run."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).kl
        self.coefficient = Coefficient(self.settings, follow_kl)

    @property
    def active(self) -> bool:
        return self.coefficient.active

    def on_init_end(self, trainer: StillTrainer) -> None:
        # What a run without KL lacks altogether; then there is nothing to switch on.
        self.has_reference = trainer.use_reference_policy
        if self.settings.place == "reward":
            trainer.kl_ctrl_in_reward = FixedController()
            if self.coefficient.adaptive:  # workers measure the KL by this estimator
                trainer.loss.set(kl_loss_type=trainer.config.algorithm.kl_penalty)

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self.value = self.coefficient.at(trainer.global_steps, trainer.total_training_steps)
        # An adaptive coefficient needs to see the KL even at 0.
        needed = self.has_reference and (self.value > 0 or self.coefficient.adaptive)
        trainer.use_reference_policy = needed
        if self.settings.place == "loss":
            trainer.loss.set(kl_loss_coef=self.value, use_kl_loss=needed)
        else:
            trainer.kl_ctrl_in_reward.value = self.value
            trainer.config.algorithm.use_kl_in_reward = needed

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        metrics["still/kl/coef"] = self.value
        observe(self.coefficient, "still.kl", KL, metrics, trainer.global_steps)

    def state_dict(self) -> dict[str, Any]:
        return {"adapted": self.coefficient.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        resume(self.coefficient, "still.kl", state["adapted"])
