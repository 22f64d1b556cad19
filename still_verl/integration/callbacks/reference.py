"""Copies the actor into the reference every N steps (STILL-3, section 4.3; the interval is not published)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.integration.callbacks.base import Callback

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer

FOLDER = "actor/reference"  # below the actor's, so that verl removes both together


class ReferenceReset(Callback):
    """Resets before the step's checkpoint is written; from the first reset on, checkpoints hold the reference."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.every = still_config(config).reference.reset_every

    @property
    def active(self) -> bool:
        return self.every > 0

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        due = trainer.global_steps % self.every == 0
        if due:
            trainer.actor_rollout_wg.reset_reference()
        metrics["still/reference/reset"] = float(due)

    def save(self, trainer: StillTrainer, folder: Path) -> None:
        if trainer.global_steps >= self.every:
            trainer.actor_rollout_wg.save_reference(str((folder / FOLDER).resolve()))

    def load(self, trainer: StillTrainer, folder: Path) -> None:
        if trainer.global_steps >= self.every:
            trainer.actor_rollout_wg.load_reference(str((folder / FOLDER).resolve()))
