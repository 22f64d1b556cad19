"""The protocol between a trainer mode and the ideas that act on a run."""

# Only types: a callback's module may be what a process imports first, before verl's registries exist.
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from transfer_queue import KVBatchMeta
    from verl.trainer.ppo.v1.trainer_base import PPOTrainer

    from still_verl.monitor.rows import Validation


class Callback:
    """One idea that acts on a run: hooks, all optional, called in the process of verl's trainer.

    A callback is built with the whole job's config. It derives what it sets from `trainer.global_steps`, so that a
    resumed run goes on where it was; what cannot be derived goes through `state_dict`. An exception ends the run.
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config

    @property
    def active(self) -> bool:
        """Whether the job's config asks for it; one that does not is left out of the run."""
        return True

    def on_init_end(self, trainer: PPOTrainer) -> None:
        """Workers exist and the checkpoint, if any, is loaded."""

    def on_step_begin(self, trainer: PPOTrainer) -> None:
        """Set this step's values; the first step is 1."""

    def on_batch(self, trainer: PPOTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta | None:
        """Rewards of a mini-batch are known, log-probs are not; returns what to learn from, None for all of it.

        Called once per `parameter_sync_step`. Dropped samples stay readable until `on_metrics` of the step.
        """

    def on_update(self, trainer: PPOTrainer, metrics: dict[str, Any]) -> None:
        """The actor is updated, the step's checkpoint is not yet written; `metrics` are those of the update."""

    def on_metrics(self, trainer: PPOTrainer, batch: KVBatchMeta, metrics: dict[str, Any]) -> None:
        """Add to the step's metrics. `batch` has every sample of the step, also dropped ones (tag `still_dropped`)
        and padding (tag `is_padding`); all are cleared right after."""

    def on_validation(self, trainer: PPOTrainer, validation: Validation, metrics: dict[str, Any]) -> None:
        """Add to a validation's metrics; `global_steps` is the step that it follows, 0 before the first."""

    def close(self) -> None:
        """The run is over, perhaps by an error: finish what is still under way."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep, as JSON values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave; called before `on_init_end`."""

    def save(self, trainer: PPOTrainer, folder: Path) -> None:
        """Write what is too big for `state_dict` into a checkpoint's folder, which every node can read."""

    def load(self, trainer: PPOTrainer, folder: Path) -> None:
        """Take back what `save` wrote."""
