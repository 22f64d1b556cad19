"""verl's own adaptive KL coefficient in checkpoints; verl itself begins anew at each resume (its issue 2653)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from still_verl.config import still_config
from still_verl.dynamics.coefficient import refuse_poisoned
from still_verl.dynamics.schedules import INHERIT
from still_verl.integration.callbacks.base import Callback

if TYPE_CHECKING:
    from still_verl.integration.trainers import StillTrainer


class FiniteController:
    """verl's controller, to which a KL that is no finite number is not shown: its value would be NaN for ever."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller

    @property
    def value(self) -> float:
        """Return the coefficient."""
        return float(self._controller.value)

    @value.setter
    def value(self, value: float) -> None:
        self._controller.value = value

    def update(self, current_kl: float, n_steps: int) -> None:
        """Let the coefficient follow the KL of a batch, as verl does, or say why it does not."""
        if math.isfinite(current_kl):
            self._controller.update(current_kl=current_kl, n_steps=n_steps)
            return
        # Printed: verl's vLLM server hides whatever is logged below an error.
        print(f"still_verl: the KL in the reward is {current_kl}, so algorithm.kl_ctrl keeps its value {self.value:g}")


class VerlKl(Callback):
    """Keeps the value of `algorithm.kl_ctrl.type=adaptive`, where still_verl leaves the coefficient to verl."""

    resumed: float | None = None  # what the checkpoint holds

    @property
    def active(self) -> bool:
        adaptive = OmegaConf.select(self.config, "algorithm.kl_ctrl.type") == "adaptive"
        in_reward = self.config.algorithm.get("use_kl_in_reward", False)
        return bool(adaptive and in_reward and still_config(self.config).kl.kind == INHERIT)

    def on_init_end(self, trainer: StillTrainer) -> None:
        self.controller = trainer.kl_ctrl_in_reward = FiniteController(trainer.kl_ctrl_in_reward)
        if self.resumed is not None:
            self.controller.value = self.resumed

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.controller.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        refuse_poisoned(state["value"])
        self.resumed = state["value"]
