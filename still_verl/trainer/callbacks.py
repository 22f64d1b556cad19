"""The protocol between a trainer mode and the ideas that act on a run."""

# Only types: a callback's module may be what a process imports first, before verl's registries exist.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from transfer_queue import KVBatchMeta
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer


class Callback:
    """One idea that acts on a run: five hooks, all optional, called in the process of verl's trainer.

    A callback is built with the whole job's config. It derives what it sets from `trainer.global_steps`, so that a
    resumed run goes on where it was; what cannot be derived goes through `state_dict`. An exception ends the run.
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config

    def on_init_end(self, trainer: PPOTrainer) -> None:
        """Workers exist and the checkpoint, if any, is loaded."""

    def on_step_begin(self, trainer: PPOTrainer) -> None:
        """Set this step's values; the first step is 1."""

    def on_batch(self, trainer: PPOTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> None:
        """Rewards and log-probs of a mini-batch are known, advantages are not yet. Once per `parameter_sync_step`."""

    def on_metrics(self, trainer: PPOTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> None:
        """Add to the step's metrics; the rows of `batch` are cleared right after."""

    def on_step_end(self, trainer: PPOTrainer) -> None:
        """The step's checkpoint is written and the rollout has the new weights."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep, as JSON values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave; called before `on_init_end`."""
