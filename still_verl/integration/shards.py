"""This rank's part of a model under FSDP: read, written, and copied from one model to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.distributed.fsdp import FSDPModule, FullyShardedDataParallel
from torch.distributed.tensor import DTensor


def reshard(module: torch.nn.Module) -> None:
    """Free all parameters that a forward pass has left gathered, so that the next one gathers them from the shards.

    FSDP keeps gathered what it may need again: the root's parameters after a forward pass without gradients, all of
    them with SHARD_GRAD_OP. The next pass would use these copies and not see what was written into the shards. verl
    reshards only the root, and only where `fsdp_size` is above 1.
    """
    for part in module.modules():
        if isinstance(part, FSDPModule):
            part.reshard()
        elif isinstance(part, FullyShardedDataParallel):
            _reshard_flat_parameter(part._handle)


def _reshard_flat_parameter(handle: Any) -> None:
    """Reshard a unit of FSDP1; None is a unit without parameters, and before its first use it is sharded anyway."""
    if handle is not None and hasattr(handle.flat_param, "_local_shard"):
        handle.reshard(handle.uses_sharded_strategy)


def local_shards(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield name and shard of each parameter, wherever parameter offload has put it; what is written there is used.

    FSDP2 keeps DTensors. FSDP1 keeps flat parameters, or with `use_orig_params` the pieces of each that are here.
    """
    reshard(module)
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()  # verl moves parameters to the CPU without waiting until they are there
    for name, parameter in module.named_parameters():
        local = parameter.to_local() if isinstance(parameter, DTensor) else parameter
        yield name, local.detach()


def misfit(own: dict[str, torch.Tensor], shards: dict[str, torch.Tensor]) -> str:
    """Say which parameter the shards do not fit, and why; nothing if all can be written. More shards may be there."""
    for name, shard in own.items():
        if name not in shards:
            return f"{name}: this parameter has no shard to be written to it; is the other model wrapped alike?"
        if shards[name].shape != shard.shape:
            sizes = f"{tuple(shard.shape)} and {tuple(shards[name].shape)}"
            return f"{name}: the shard to write has another size, {sizes}; is the other model wrapped alike?"
    return ""


@torch.no_grad()
def write_shards(module: torch.nn.Module, shards: dict[str, torch.Tensor]) -> None:
    """Write a shard into each parameter; shards of other names are left out.

    Raises:
        ValueError: a parameter has no shard, or one of another size; nothing is written then. Names the parameter.
    """
    own = dict(local_shards(module))
    fault = misfit(own, shards)
    if fault:
        raise ValueError(fault)
    for name, shard in own.items():
        shard.copy_(shards[name])


def sum_of_squares(module: torch.nn.Module) -> float:
    """Return the sum of the squares of this rank's shards, in float64."""
    total = 0.0
    for _, shard in local_shards(module):
        total += float(shard.double().square().sum())
    return total
