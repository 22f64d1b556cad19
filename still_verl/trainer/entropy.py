"""The coefficient of the entropy bonus of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.schedules import follow_entropy, value_at
from still_verl.trainer.callbacks import Callback

if TYPE_CHECKING:
    from omegaconf import DictConfig


class Entropy(Callback):
    """Sets the coefficient of the step: scheduled, or following a target entropy between bounds."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).entropy
        self.adapted = self.settings.start

    @property
    def active(self) -> bool:
        return self.settings.kind != "own"

    def on_step_begin(self, trainer: Any) -> None:
        adaptive = self.settings.kind == "adaptive"
        total = trainer.total_training_steps
        self.value = self.adapted if adaptive else value_at(self.settings, trainer.global_steps - 1, total)
        trainer.loss.set(entropy_coeff=self.value)
        # verl's trainer asks the workers for entropies only if its own config has a coefficient.
        trainer.config.actor_rollout_ref.actor.entropy_coeff = self.value

    def on_update(self, trainer: Any, metrics: dict[str, Any]) -> None:
        metrics["still/entropy/coef"] = self.value
        seen = metrics.get("actor/entropy")
        if self.settings.kind == "adaptive" and seen is not None:  # None: the step had nothing to learn from
            self.adapted = follow_entropy(self.settings, self.value, seen)

    def state_dict(self) -> dict[str, Any]:
        return {"adapted": self.adapted}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adapted = state["adapted"]
