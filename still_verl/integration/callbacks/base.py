"""The protocol between a trainer and the ideas that act on a run."""

# Only types: a callback's module may be what a process imports first, before verl's registries exist.
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from tensordict import TensorDict

    from still_verl.integration.trainers import StillTrainer
    from still_verl.integration.transfer_queue import Batch
    from still_verl.monitor.rows import Validation


class Callback:
    """One idea that acts on a run: hooks, all optional, called in the process of verl's trainer.

    A callback is built with the whole job's config. It derives what it sets from `trainer.global_steps`, so that a
    resumed run goes on where it was; what cannot be derived goes through `state_dict`. An exception ends the run.

    Example:
        >>> class Patience(Callback):
        ...     "Ends a run after ten steps without a right answer."
        ...     steps = 0
        ...     def on_metrics(self, trainer, batch, metrics):
        ...         self.steps = 0 if metrics["still/accuracy"] > 0 else self.steps + 1
        ...         if self.steps == 10:
        ...             raise RuntimeError("ten steps without a right answer")
        ...     def state_dict(self):
        ...         return {"steps": self.steps}
        ...     def load_state_dict(self, state):
        ...         self.steps = state["steps"]
        >>> Patience(config=None).state_dict()
        {'steps': 0}
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config

    @property
    def active(self) -> bool:
        """Whether the job's config asks for it; one that does not is left out of the run."""
        return True

    def on_data(self, trainer: StillTrainer) -> None:
        """Act when the data sets are read, and nothing else is there; `trainer.train_dataloader` may be replaced."""

    def on_init_end(self, trainer: StillTrainer) -> None:
        """Act when workers exist and the checkpoint, if any, is loaded."""

    def on_step_begin(self, trainer: StillTrainer) -> None:
        """Set this step's values, e.g. `trainer.loss.set(kl_loss_coef=0.1)`; the first step is 1."""

    def on_prompts(self, trainer: StillTrainer, prompts: TensorDict) -> None:
        """Look at prompts that are fetched to be answered: columns of the data, and `uid`, under which samples come."""

    def on_batch(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> Batch | None:
        """Choose what to learn from: rewards of a mini-batch are known, log-probs are not. None keeps all of it.

        Called once per `parameter_sync_step`. Dropped samples stay readable until `on_metrics` of the step.
        """

    def on_update_begin(self, trainer: StillTrainer, batch: Batch) -> None:
        """Act when log-probs and advantages of a mini-batch are known, and its update comes next.

        Called once per `parameter_sync_step`. What is set of the loss here holds for this update already.
        """

    def on_update(self, trainer: StillTrainer, metrics: dict[str, Any]) -> None:
        """Act when the actor is updated, and the step's checkpoint is not yet written.

        `metrics` are those of the update.
        """

    def on_metrics(self, trainer: StillTrainer, batch: Batch, metrics: dict[str, Any]) -> None:
        """Add to the step's metrics.

        `batch` has every sample of the step, also dropped ones (tag `still_dropped`) and padding (tag `is_padding`);
        all are cleared right after.
        """

    def on_validation(self, trainer: StillTrainer, validation: Validation, metrics: dict[str, Any]) -> None:
        """Add to a validation's metrics; `global_steps` is the step that it follows, 0 before the first."""

    def close(self) -> None:
        """Finish what is still under way: the run is over, perhaps by an error."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must keep, as JSON values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave; called before `on_init_end`."""

    def save(self, trainer: StillTrainer, folder: Path) -> None:
        """Write what is too big for `state_dict` into a checkpoint's folder, which every node can read."""

    def load(self, trainer: StillTrainer, folder: Path) -> None:
        """Take back what `save` wrote."""
