"""The checkpoint engine `gloo`: sends weights from the actor to rollouts that run beside it, without accelerators.

verl's own engines (nccl, nixl, ...) need one. A job names this module in
`rollout.checkpoint_engine.custom_backend_module`; verl imports it in every process that sends or receives.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple, cast

import torch
from ray.util import get_node_ip_address
from torch.distributed import PrefixStore, ProcessGroupGloo, TCPStore
from verl.checkpoint_engine.base import (
    CheckpointEngine,
    CheckpointEngineRegistry,
    TensorMeta,
    merge_weight_chunks,
    split_weight_chunks,
)

Chunks = list[TensorMeta]

SENDER = 0
OUTSIDE = -1  # the rank of actors that only help to gather the weights
# A worker that died would leave the others waiting; verl's own timeout for collectives is `nccl_timeout`, the same.
TIMEOUT = timedelta(seconds=600)


class Meeting(NamedTuple):
    """Where the sender's store listens, and the number of the update that it calls to."""

    host: str
    port: int
    update: int


@CheckpointEngineRegistry.register("gloo")
class GlooCheckpointEngine(CheckpointEngine):
    """One sender, the first actor, and every rollout worker; a bucket of weights is one broadcast."""

    def __init__(self, bucket_size: int, is_master: bool = False) -> None:
        self.bucket_size = bucket_size  # bytes
        self.is_master = is_master
        self.rank = OUTSIDE
        self._store: TCPStore | None = None  # the sender's, which all others ask
        self._group: Any = None  # a ProcessGroupGloo
        self._updates = 0

    def prepare(self) -> Meeting | None:  # type: ignore[override]
        """Return, on the first actor, where to meet for the next update; None on every other worker."""
        if not self.is_master:
            return None
        if self._store is None:
            host = get_node_ip_address().strip("[]")
            self._store = TCPStore(host, 0, is_master=True, wait_for_workers=False, timeout=TIMEOUT)
        self._updates += 1
        return Meeting(self._store.host, self._store.port, self._updates)

    @classmethod
    def build_topology(
        cls, actor_wg_world_size: int, rollout_world_size: int, metadata: list[Any]
    ) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
        """Return the arguments of `init_process_group` for each actor and for each rollout worker."""
        world = 1 + rollout_world_size
        actors = [SENDER] + [OUTSIDE] * (actor_wg_world_size - 1)
        rollouts = list(range(1, world))
        return _arguments(actors, world, metadata[SENDER]), _arguments(rollouts, world, metadata[SENDER])

    def init_process_group(self, rank: int, world_size: int, meeting: Meeting) -> None:  # type: ignore[override]
        """Join the group of this update, beside the process's default group."""
        self.rank = rank
        if rank == OUTSIDE:
            return
        store = self._store or TCPStore(meeting.host, meeting.port, is_master=False, timeout=TIMEOUT)
        # A name for each update: under the same one gloo would find the addresses of the last group.
        named = PrefixStore(f"update-{meeting.update}", store)
        self._group = ProcessGroupGloo(named, rank, world_size, TIMEOUT)

    def finalize(self) -> None:
        """Leave the group; replicas may come and go between updates."""
        self._group = None

    async def send_weights(self, weights: Any, global_steps: int | None = None) -> None:
        """Broadcast (name, tensor) pairs, bucket by bucket; an actor without a rank only gathers along."""
        if self.rank == OUTSIDE:
            for _ in weights:
                pass
            return
        chunks: Chunks = []
        parts: list[torch.Tensor] = []
        filled = 0
        async for meta, part in split_weight_chunks(weights, self.bucket_size):
            if filled + meta.chunk_size > self.bucket_size:
                await self._send_bucket(chunks, parts)
                chunks, parts, filled = [], [], 0
            meta.offset = filled
            filled += meta.chunk_size
            chunks.append(meta)
            parts.append(cast(torch.Tensor, part))
        if chunks:
            await self._send_bucket(chunks, parts)
        await self._send_bucket([], [])  # the end

    async def receive_weights(  # type: ignore[override]
        self, global_steps: int | None = None
    ) -> AsyncIterator[tuple[str, torch.Tensor]]:
        """Yield the (name, tensor) pairs that the sender broadcasts."""
        received: Any = self._received_chunks()
        async for name, weight in merge_weight_chunks(received, self.bucket_size):
            yield name, weight

    async def _send_bucket(self, chunks: Chunks, parts: list[torch.Tensor]) -> None:
        # In a thread: a broadcast waits for every receiver, and the loop must answer Ray meanwhile.
        await asyncio.to_thread(self._broadcast_object, chunks)
        if chunks:
            await asyncio.to_thread(self._broadcast, torch.cat(parts))

    async def _received_chunks(self) -> AsyncIterator[tuple[TensorMeta, torch.Tensor]]:
        while chunks := await asyncio.to_thread(self._broadcast_object, None):
            size = chunks[-1].offset + chunks[-1].chunk_size
            bucket = await asyncio.to_thread(self._broadcast, torch.empty(size, dtype=torch.uint8))
            for meta in chunks:
                # A copy of its own: it starts where any type may start, and lives as long as it is used.
                yield meta, bucket[meta.offset : meta.offset + meta.chunk_size].clone()

    def _broadcast_object(self, value: Chunks | None) -> Chunks:
        """Return the sender's value on every rank."""
        data = torch.frombuffer(bytearray(pickle.dumps(value)), dtype=torch.uint8)
        size = self._broadcast(torch.tensor([len(data)]))
        if self.rank != SENDER:
            data = torch.empty(int(size), dtype=torch.uint8)
        received: Chunks = pickle.loads(self._broadcast(data).numpy().tobytes())
        return received

    def _broadcast(self, tensor: torch.Tensor) -> torch.Tensor:
        self._group.broadcast(tensor, SENDER).wait()
        return tensor


def _arguments(ranks: list[int], world: int, meeting: Any) -> dict[str, list[Any]]:
    """Return one value of each argument for each worker."""
    count = len(ranks)
    return {"rank": ranks, "world_size": [world] * count, "meeting": [meeting] * count}
