"""Renews the reference: a copy of the actor now and then (STILL-3, section 4.3), or an average that follows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from verl.trainer.ppo.utils import need_reference_policy

from still_verl.config import still_config
from still_verl.dynamics.resets import Resets
from still_verl.integration.callbacks.base import Callback
from still_verl.integration.lora import lora_setting
from still_verl.integration.per_token import KL

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from still_verl.integration.trainers import StillTrainer

FOLDER = "actor/reference"  # below the actor's, so that verl removes both together


class ReferenceReset(Callback):
    """Acts before the step's checkpoint is written; from the first time on, checkpoints hold the reference.

    Part of every run that has a reference model. Whether a resumed run loads one is for the checkpoint to say, and not
    for the settings, which may be others now.
    """

    def __init__(self, config: DictConfig) -> None:
        super().__init__(config)
        self.settings = still_config(config).reference
        self.resets = Resets(self.settings)
        self.renewed = False  # whether it is no longer the model that the run began with

    @property
    def active(self) -> bool:
        # With LoRA the reference is the actor without its adapter.
        return need_reference_policy(self.config) and lora_setting(self.config) is None

    def on_init_end(self, trainer: StillTrainer) -> None:
        if not self.settings.renewal:
            return
        for fault in trainer.actor_rollout_wg.reference_misfit():
            if fault:
                raise RuntimeError(f"{self.settings.renewal}: the actor cannot be copied: {fault}")

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        if self.settings.ema is not None:
            self._follow(trainer, metrics, self.settings.ema)
        elif self.settings.renewal:
            self._reset(trainer, metrics)

    def _follow(self, trainer: StillTrainer, metrics: dict[str, Any], keep: float) -> None:
        due = trainer.global_steps % self.settings.ema_every == 0
        if due:
            trainer.actor_rollout_wg.average_reference(keep)
            self.renewed = True
        metrics["still/reference/ema"] = float(due)

    def _reset(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        due = self.resets.due(trainer.global_steps, metrics.get(KL))
        if due:
            trainer.actor_rollout_wg.reset_reference()
            self.renewed = True
        metrics["still/reference/reset"] = float(due)
        if self.settings.reset_above is not None:
            metrics["still/reference/above"] = float(self.resets.above)

    def state_dict(self) -> dict[str, Any]:
        return {"renewed": self.renewed, **self.resets.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.renewed = state.get("renewed", False)  # an older still_verl wrote the reference alone
        self.resets.restore(state)

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
        trainer.actor_rollout_wg.load_reference(_shards(folder), self.settings.ema is not None)
        self.renewed = True


def _shards(folder: Path) -> str:
    return str((folder / FOLDER).resolve())
