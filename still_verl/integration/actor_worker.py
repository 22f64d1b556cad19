"""What our trainer modes need on the workers: a reference model that can be replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from verl.experimental.separation.engine_workers import DetachActorWorker
from verl.single_controller.base.decorator import Dispatch, register

FSDP = ("fsdp", "fsdp2")  # strategies whose parameters `local_shards` knows
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


class StillActorRolloutRefWorker(DetachActorWorker):
    """verl's worker with a reference that can be renewed, saved and compared. Every method runs on every rank.

    It is the worker of the separate mode, where an actor's weights are set aside while its old ones compute log-probs.
    """

    cpu_saved_models: dict[int, Any]

    @_on_every_rank
    def save_model_to_cpu(self, n: int) -> None:
        """Set the actor's weights aside under a number.

        Upstream's own copy shares memory with weights that are on the CPU already: offloaded, or without accelerator.
        It fails where FSDP2 leaves them gathered after a forward pass (`reshard_after_forward=false`).
        """
        if self.config.actor.strategy not in FSDP:
            return super().save_model_to_cpu(n)
        saved = {name: shard.detach().to("cpu", copy=True) for name, shard in local_shards(self.actor)}
        self.__dict__.setdefault("cpu_saved_models", {})[n] = saved

    @_on_every_rank
    @torch.no_grad()
    def restore_model_from_cpu(self, n: int) -> None:
        """Take back the weights that were set aside under a number."""
        if self.config.actor.strategy not in FSDP:
            return super().restore_model_from_cpu(n)
        saved = self.cpu_saved_models[n]
        for name, shard in local_shards(self.actor):
            shard.copy_(saved[name])

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
