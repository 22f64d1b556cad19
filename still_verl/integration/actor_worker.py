"""What our trainer modes need on the workers: a loss whose coefficients change, a reference that can be replaced."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from verl.single_controller.base.decorator import Dispatch, register

from still_verl.integration.averaging import MovingAverage
from still_verl.integration.learning_rate import FIELD, rate_of, set_rate
from still_verl.integration.loss import Loss, SteppedLoss
from still_verl.integration.reference_pass import ReferenceWorker
from still_verl.integration.shards import local_shards, misfit, sum_of_squares, write_shards
from still_verl.integration.snapshots import SnapshotWorker

_on_every_rank = register(dispatch_mode=Dispatch.ONE_TO_ALL)  # type: ignore[attr-defined]


def module_of(worker: Any) -> torch.nn.Module:
    """Return the model of one of the two `TrainingWorker` in a worker."""
    module: torch.nn.Module = worker.engine.module
    return module


class StillActorRolloutRefWorker(ReferenceWorker, SnapshotWorker):
    """verl's worker with what our trainer modes ask of it. Every method runs on every rank.

    Whatever loss it has (verl's, that of a distillation, one of a user's own) gets the coefficients of the step; the
    reference can be renewed, saved and compared.
    """

    _loss: Loss | None = None  # as upstream or a user set it; a worker of the reference alone has none
    _loss_values: dict[str, Any] = {}  # replaced, never changed
    _average: MovingAverage | None = None  # of a reference that follows the actor

    @_on_every_rank
    def init_model(self) -> None:
        """Build the models as upstream does."""
        super().init_model()
        if self.actor is not None:
            self.set_loss_fn(self.loss_fn)

    @_on_every_rank
    def set_loss_fn(self, loss_fn: Loss) -> None:
        """Take another loss; it gets the coefficients of the step, too."""
        assert self.actor is not None
        self._loss = loss_fn
        self._step_loss()

    @_on_every_rank
    def set_loss_values(self, values: dict[str, Any]) -> None:
        """Set fields of the `ActorConfig` of the loss, and the learning rate, from the next update on."""
        assert self.actor is not None
        self._loss_values = values
        if FIELD in values:
            set_rate(self.actor.engine, values[FIELD])
        self._step_loss()

    def _step_loss(self) -> None:
        assert self.actor is not None and self._loss is not None
        rate = partial(rate_of, self.actor.engine) if FIELD in self._loss_values else None
        self.actor.set_loss_fn(SteppedLoss(self._loss, self._loss_values, rate))

    @_on_every_rank
    def reference_misfit(self) -> str:
        """Say why the actor cannot be copied into the reference on this rank; nothing if it can."""
        return misfit(dict(local_shards(module_of(self.ref))), dict(local_shards(module_of(self.actor))))

    @_on_every_rank
    def reset_reference(self) -> None:
        """Make the reference a copy of the actor (STILL-3, section 4.3)."""
        write_shards(module_of(self.ref), dict(local_shards(module_of(self.actor))))
        self._average = None

    @_on_every_rank
    def average_reference(self, keep: float) -> None:
        """Make the reference `keep` of itself and 1 - `keep` of the actor."""
        self._average = self._average or MovingAverage()
        self._average.update(module_of(self.ref), module_of(self.actor), keep)

    @_on_every_rank
    def save_reference(self, folder: str) -> None:
        """Write this rank's shards into `folder`, an average as exactly as it is known."""
        path = self._shard_file(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        shards = dict(local_shards(module_of(self.ref)))
        if self._average is not None:
            shards |= self._average.exact
        torch.save({name: shard.cpu() for name, shard in shards.items()}, path)

    @_on_every_rank
    def has_reference(self, folder: str) -> bool:
        """Return whether `save_reference` wrote this rank's shards into `folder`, on as many ranks as now."""
        return self._shard_file(folder).is_file()

    @_on_every_rank
    def load_reference(self, folder: str, average: bool = False) -> None:
        """Take back what `save_reference` wrote.

        Args:
            folder: that was written.
            average: whether the reference goes on following the actor.

        Raises:
            FileNotFoundError: it was written on another number of ranks; verl's actor cannot be loaded then, either.
        """
        shards = torch.load(self._shard_file(folder), weights_only=True, mmap=True)
        write_shards(module_of(self.ref), shards)
        self._average = None
        if average:
            self._average = MovingAverage()
            self._average.restore(module_of(self.ref), shards)

    @_on_every_rank
    def reference_checksums(self) -> tuple[float, float]:
        """Return the sums of squares of this rank's shards of (actor, reference), in float64."""
        return sum_of_squares(module_of(self.actor)), sum_of_squares(module_of(self.ref))

    def _shard_file(self, folder: str) -> Path:
        return Path(folder, f"reference_world_size_{self.world_size}_rank_{self.rank}.pt")
