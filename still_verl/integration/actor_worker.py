"""What our trainer modes need on the workers: a loss whose coefficients change, a reference that can be replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from verl.experimental.separation.engine_workers import DetachActorWorker
from verl.single_controller.base.decorator import Dispatch, register
from verl.workers.engine_workers import ActorRolloutRefWorker

from still_verl.integration.loss import Loss, SteppedLoss

_on_every_rank = register(dispatch_mode=Dispatch.ONE_TO_ALL)  # type: ignore[attr-defined]


def local_shards(worker: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield this rank's part of each parameter of a `TrainingWorker`, wherever parameter offload has put it.

    FSDP2 keeps DTensors, FSDP1 local tensors; both shard actor and reference alike, as they wrap the same model.
    """
    module: Any = worker.engine.module
    for part in module.modules():
        if isinstance(part, FSDPModule):  # FSDP2 leaves its root gathered after a forward pass
            part.reshard()
    for name, parameter in module.named_parameters():
        yield name, parameter.to_local() if isinstance(parameter, DTensor) else parameter


def _sum_of_squares(worker: Any) -> float:
    total = 0.0
    for _, shard in local_shards(worker):
        total += float(shard.double().square().sum())
    return total


class StillActorRolloutRefWorker(ActorRolloutRefWorker):
    """verl's worker with two things of ours. Every method runs on every rank.

    Whatever loss it has (verl's, that of a distillation, one of a user's own) gets the coefficients of the step; the
    reference can be renewed, saved and compared.
    """

    _loss: Loss | None = None  # as upstream or a user set it; a worker of the reference alone has none
    _loss_values: dict[str, Any] = {}  # replaced, never changed

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
        self.actor.set_loss_fn(SteppedLoss(loss_fn, self._loss_values))

    @_on_every_rank
    def set_loss_values(self, values: dict[str, Any]) -> None:
        """Set fields of the `ActorConfig` of the loss, from the next update on."""
        assert self.actor is not None and self._loss is not None
        self._loss_values = values
        self.actor.set_loss_fn(SteppedLoss(self._loss, values))

    @_on_every_rank
    @torch.no_grad()
    def reset_reference(self) -> None:
        """Make the reference a copy of the actor (STILL-3, section 4.3)."""
        actor = dict(local_shards(self.actor))
        for name, shard in local_shards(self.ref):
            shard.copy_(actor[name])

    @_on_every_rank
    def save_reference(self, folder: str) -> None:
        """Write this rank's shards into `folder`."""
        path = self._shard_file(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({name: shard.cpu() for name, shard in local_shards(self.ref)}, path)

    @_on_every_rank
    @torch.no_grad()
    def load_reference(self, folder: str) -> None:
        """Take back what `save_reference` wrote.

        Raises:
            FileNotFoundError: it was written on another number of ranks; verl's actor cannot be loaded then, either.
        """
        saved = torch.load(self._shard_file(folder), weights_only=True, mmap=True)
        for name, shard in local_shards(self.ref):
            shard.copy_(saved[name])

    @_on_every_rank
    @torch.no_grad()
    def reference_checksums(self) -> tuple[float, float]:
        """Return the sums of squares of this rank's shards of (actor, reference), in float64."""
        return _sum_of_squares(self.actor), _sum_of_squares(self.ref)

    def _shard_file(self, folder: str) -> Path:
        return Path(folder, f"reference_world_size_{self.world_size}_rank_{self.rank}.pt")


class StillDetachActorWorker(StillActorRolloutRefWorker, DetachActorWorker):
    """The same for the separate asynchronous mode, whose worker can go back to the weights of an earlier step."""
