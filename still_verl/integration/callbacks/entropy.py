"""The coefficient of the entropy bonus of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.dynamics.coefficient import follow_entropy, gate_is_open
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.callbacks.step_value import StepValue
from still_verl.integration.per_token import ENTROPY
from still_verl.integration.transfer_queue import entropy_sum

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch

BEFORE = "still/entropy/before_update"  # nats per token, of the policy that the samples are of


class Entropy(Callback):
    """Sets the coefficient of the step: scheduled, or following a target entropy between bounds.

    With a gate, updates whose samples have an entropy above the target get no bonus, and the coefficient follows that
    entropy, which is known before the update (Skywork-OR1).
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).entropy
        measured = BEFORE if self.settings.gate else ENTROPY
        self.number = StepValue("still.entropy", self.settings, "still/entropy/coef", follow_entropy, measured)
        self._forget()

    def _forget(self) -> None:
        """Begin a step: nothing is measured yet."""
        self.total, self.tokens = 0.0, 0
        self.updates, self.open = 0, 0

    @property
    def active(self) -> bool:
        return self.number.active

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self._forget()
        value = self.number.begin(trainer)
        trainer.loss.set(entropy_coeff=value)
        # verl's trainer asks the workers for entropies only if its own config has a coefficient, or says so.
        actor = trainer.config.actor_rollout_ref.actor
        actor.entropy_coeff = value
        if self.number.adaptive:
            actor.calculate_entropy = True

    def on_update_begin(self, trainer: StillTrainer, batch: Batch) -> None:
        if not self.settings.gate:
            return
        total, tokens = entropy_sum(batch)
        self.total, self.tokens = self.total + total, self.tokens + tokens
        is_open = tokens > 0 and gate_is_open(self.settings, total / tokens)
        self.updates, self.open = self.updates + 1, self.open + is_open
        trainer.loss.set(entropy_coeff=self.number.value if is_open else 0.0)

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        if self.tokens:
            metrics[BEFORE] = self.total / self.tokens
        if self.updates:
            metrics["still/entropy/gate"] = self.open / self.updates
        self.number.end(trainer, metrics)

    def state_dict(self) -> dict[str, Any]:
        return self.number.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.number.load_state_dict(state)
