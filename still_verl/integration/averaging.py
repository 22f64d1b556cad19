"""A reference that follows the actor as a moving average of its weights."""

from __future__ import annotations

import torch

from still_verl.integration.shards import local_shards, misfit


class MovingAverage:
    """Averages this rank's shards of two models.

    A reference in half precision cannot hold small changes: with d = 0.99, a hundredth of a change of the actor is
    mostly less than the last bit. So the exact average is kept beside it, in float32, where the shard of the reference
    is (verl's FSDP has it in the memory of the host): four bytes for each parameter, over all ranks. A reference in
    float32, verl's default, needs no second copy.

    Attributes:
        exact: by the name of the parameter, the averages that the reference cannot hold.
    """

    def __init__(self) -> None:
        self.exact: dict[str, torch.Tensor] = {}

    @torch.no_grad()
    def update(self, reference: torch.nn.Module, actor: torch.nn.Module, keep: float) -> None:
        """Make the reference `keep` of itself and 1 - `keep` of the actor.

        Raises:
            ValueError: the models are sharded in two ways; nothing is written then.
        """
        shards, own = dict(local_shards(actor)), dict(local_shards(reference))
        fault = misfit(own, shards)
        if fault:
            raise ValueError(fault)
        for name, shard in own.items():
            average = self.exact.get(name)
            if average is None or average.device != shard.device:
                average = (shard if average is None else average).to(shard.device, torch.float32)
            average.lerp_(shards[name].to(average), 1 - keep)
            if shard.dtype != torch.float32:
                self.exact[name] = average
            shard.copy_(average)

    def restore(self, reference: torch.nn.Module, shards: dict[str, torch.Tensor]) -> None:
        """Take from a checkpoint what the reference itself cannot hold; nothing if it can hold all of it."""
        self.exact = {}
        for name, shard in local_shards(reference):
            if shards[name].dtype != shard.dtype:
                self.exact[name] = shards[name].to(shard.device, torch.float32, copy=True)
