"""verl's own adaptive KL coefficient in checkpoints; verl itself begins anew at each resume (its issue 2653)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from still_verl.config import still_config
from still_verl.dynamics.schedules import INHERIT
from still_verl.integration.callbacks.base import Callback

if TYPE_CHECKING:
    from still_verl.integration.trainers import StillTrainer


class VerlKl(Callback):
    """Keeps the value of `algorithm.kl_ctrl.type=adaptive`, where still_verl leaves the coefficient to verl."""

    resumed: float | None = None  # what the checkpoint holds

    @property
    def active(self) -> bool:
        adaptive = OmegaConf.select(self.config, "algorithm.kl_ctrl.type") == "adaptive"
        in_reward = self.config.algorithm.get("use_kl_in_reward", False)
        return bool(adaptive and in_reward and still_config(self.config).kl.kind == INHERIT)

    def on_init_end(self, trainer: StillTrainer) -> None:
        self.controller = trainer.kl_ctrl_in_reward
        if self.resumed is not None:
            self.controller.value = self.resumed

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.controller.value}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.resumed = state["value"]
