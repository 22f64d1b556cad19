"""Copies the actor into the reference every N steps (STILL-3, section 4.3; the interval is not published)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verl.trainer.ppo.utils import need_reference_policy

from still_verl.config import still_config
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.lora import lora_setting

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer

FOLDER = "actor/reference"  # below the actor's, so that verl removes both together


class ReferenceReset(Callback):
    """Resets before the step's checkpoint is written; from the first reset on, checkpoints hold the reference.

    Part of every run that has a reference model. Whether a resumed run loads one is for the checkpoint to say, and not
    for `reset_every`, which may be another one now, or 0.
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.every = still_config(config).reference.reset_every
        self.renewed = False  # whether it is no longer the model that the run began with

    @property
    def active(self) -> bool:
        # With LoRA the reference is the actor without its adapter.
        return need_reference_policy(self.config) and lora_setting(self.config) is None

    def on_init_end(self, trainer: StillTrainer) -> None:
        if not self.every:
            return
        for fault in trainer.actor_rollout_wg.reference_misfit():
            if fault:
                raise RuntimeError(f"still.reference.reset_every={self.every}: the actor cannot be copied: {fault}")

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        if not self.every:
            return
        due = trainer.global_steps % self.every == 0
        if due:
            trainer.actor_rollout_wg.reset_reference()
            self.renewed = True
        metrics["still/reference/reset"] = float(due)

    def state_dict(self) -> dict[str, Any]:
        return {"renewed": self.renewed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.renewed = state.get("renewed", False)  # an older still_verl wrote the reference alone

    def save(self, trainer: StillTrainer, folder: Path) -> None:
        if self.renewed:
            trainer.actor_rollout_wg.save_reference(_shards(folder))

    def load(self, trainer: StillTrainer, folder: Path) -> None:
        """Load the reference if the checkpoint holds one; else the run goes on with the model that it began with.

        Raises:
            RuntimeError: the checkpoint should hold one, and at least one rank does not find its part.
        """
        found = trainer.actor_rollout_wg.has_reference(_shards(folder))
        if not any(found) and not self.renewed:
            return
        if not all(found):
            raise RuntimeError(
                f"{_shards(folder)}: {found.count(False)} of {len(found)} ranks do not find their part of the "
                "reference; copy the checkpoint as a whole, or resume from another one with trainer.resume_from_path"
            )
        trainer.actor_rollout_wg.load_reference(_shards(folder))
        self.renewed = True


def _shards(folder: Path) -> str:
    return str((folder / FOLDER).resolve())
