"""The KL coefficient of a step, in the actor's loss or in the reward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.dynamics.coefficient import follow_kl
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.callbacks.step_value import StepValue
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
        self.number = StepValue("still.kl", self.settings, "still/kl/coef", follow_kl, KL)

    @property
    def active(self) -> bool:
        return self.number.active

    def on_init_end(self, trainer: StillTrainer) -> None:
        # What a run without KL lacks altogether; then there is nothing to switch on.
        self.has_reference = trainer.use_reference_policy
        if self.settings.place == "reward":
            trainer.kl_ctrl_in_reward = FixedController()
            if self.number.adaptive:  # workers measure the KL by this estimator
                trainer.loss.set(kl_loss_type=trainer.config.algorithm.kl_penalty)

    def on_step_begin(self, trainer: StillTrainer) -> None:
        value = self.number.begin(trainer)
        # An adaptive coefficient needs to see the KL even at 0.
        needed = self.has_reference and (value > 0 or self.number.adaptive)
        trainer.use_reference_policy = needed
        if self.settings.place == "loss":
            trainer.loss.set(kl_loss_coef=value, use_kl_loss=needed)
        else:
            trainer.kl_ctrl_in_reward.value = value
            trainer.config.algorithm.use_kl_in_reward = needed

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        self.number.end(trainer, metrics)

    def state_dict(self) -> dict[str, Any]:
        return self.number.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.number.load_state_dict(state)
