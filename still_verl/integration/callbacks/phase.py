"""Says in the run folder which phase of a step a run is in."""

# Only types: this may be what a process imports first, before verl's registries exist.
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.config import still_config
from still_verl.integration.callbacks.base import Callback
from still_verl.monitor.phase import PHASES, PhaseFile

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch

GENERATION, TRAINING, AFTERWARDS = PHASES


class PhaseOfStep(Callback):
    """Writes `phase.json`, which `still-verl watch` shows."""

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.run_dir = still_config(config).run_dir
        self.file: PhaseFile | None = None

    @property
    def active(self) -> bool:
        return bool(self.run_dir)

    def on_init_end(self, trainer: StillTrainer) -> None:
        folder = Path(self.run_dir or ".")
        folder.mkdir(parents=True, exist_ok=True)
        self.file = PhaseFile(folder)

    def on_step_begin(self, trainer: StillTrainer) -> None:
        self._enter(trainer, GENERATION)

    def on_batch(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> None:
        self._enter(trainer, TRAINING)

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        self._enter(trainer, AFTERWARDS)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def _enter(self, trainer: StillTrainer, name: str) -> None:
        if self.file is not None:
            self.file.enter(trainer.global_steps, name)
