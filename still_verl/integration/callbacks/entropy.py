"""The coefficient of the entropy bonus of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.dynamics.coefficient import Coefficient, follow_entropy
from still_verl.integration.callbacks.adaptive import observe, resume
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.per_token import ENTROPY

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer


class Entropy(Callback):
    """Sets the coefficient of the step: scheduled, or following a target entropy between bounds."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.coefficient = Coefficient(still_config(config).entropy, follow_entropy)

    @property
    def active(self) -> bool:
        return self.coefficient.active

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self.value = self.coefficient.at(trainer.global_steps, trainer.total_training_steps)
        trainer.loss.set(entropy_coeff=self.value)
        # verl's trainer asks the workers for entropies only if its own config has a coefficient, or says so.
        actor = trainer.config.actor_rollout_ref.actor
        actor.entropy_coeff = self.value
        if self.coefficient.adaptive:
            actor.calculate_entropy = True

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        metrics["still/entropy/coef"] = self.value
        observe(self.coefficient, "still.entropy", ENTROPY, metrics, trainer.global_steps)

    def state_dict(self) -> dict[str, Any]:
        return {"adapted": self.coefficient.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        resume(self.coefficient, "still.entropy", state["adapted"])
