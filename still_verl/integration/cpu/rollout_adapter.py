"""verl's adapter between the trainer and a vLLM, on a processor: several ranks may share one vLLM.

A vLLM is a single process there, whatever `tensor_model_parallel_size` says: that is how many ranks of the trainer it
serves. Upstream would let each of them send the weights to a process of its own.

`plugin` registers `adapter` under the name `vllm`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import torch
from verl.plugin.platform import get_platform
from verl.workers.rollout.utils import ensure_async_iterator
from verl.workers.rollout.vllm_rollout.vllm_rollout import ServerAdapter


class CpuServerAdapter(ServerAdapter):
    """Upstream's adapter. Of the ranks that share a vLLM, the first one sends the weights."""

    rollout_rank: int

    async def update_weights(
        self, weights: Generator[tuple[str, torch.Tensor], None, None], *args: Any, **kwargs: Any
    ) -> None:
        """Send the weights, or take part in gathering them: each rank has its shards, and all are needed."""
        if self.rollout_rank == 0:
            await super().update_weights(weights, *args, **kwargs)
            return
        async for _ in ensure_async_iterator(weights):
            pass


def adapter(*args: Any, **kwargs: Any) -> ServerAdapter:
    """Build the adapter for the platform of this process; the arguments are those of upstream's."""
    kind = CpuServerAdapter if get_platform().device_name == "cpu" else ServerAdapter
    return kind(*args, **kwargs)
