"""Weights from one sender to several receivers over gloo, here in threads of one process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import torch

from still_verl.integration.cpu import checkpoint_engine
from still_verl.integration.cpu.checkpoint_engine import GlooCheckpointEngine

Weights = dict[str, torch.Tensor]

BUCKET = 64  # bytes


def some_weights(seed: int) -> Weights:
    """Tensors that fit a bucket, fill it, and are larger; of types whose sizes do not divide each other's offsets."""
    torch.manual_seed(seed)
    return {
        "half": torch.randn(3, dtype=torch.bfloat16),
        "float": torch.randn(2, 3),
        "exactly": torch.randn(16),
        "larger": torch.randn(7, 9),
        "double": torch.randn(1, dtype=torch.float64),
        "scalar": torch.tensor(seed),
    }


async def receive(engine: GlooCheckpointEngine) -> Weights:
    return {name: weight async for name, weight in engine.receive_weights()}


def update(actors: list[GlooCheckpointEngine], rollouts: list[GlooCheckpointEngine], weights: Weights) -> list[Weights]:
    """Do what verl's `CheckpointEngineManager` does for one update; return what each rollout has received."""
    engines = [*actors, *rollouts]
    found = [engine.prepare() for engine in engines]
    of_actors, of_rollouts = GlooCheckpointEngine.build_topology(len(actors), len(rollouts), found)
    arguments = []
    for group in (of_actors, of_rollouts):
        rows = zip(*group.values(), strict=True)
        arguments += [dict(zip(group, row, strict=True)) for row in rows]
    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(lambda pair: pair[0].init_process_group(**pair[1]), zip(engines, arguments, strict=True)))
        sent = [threads.submit(asyncio.run, actor.send_weights(iter(weights.items()))) for actor in actors]
        received = [threads.submit(asyncio.run, receive(rollout)) for rollout in rollouts]
        results = [future.result() for future in received]
        for future in sent:
            future.result()
    for engine in engines:
        engine.finalize()
    return results


def assert_equal(received: Weights, sent: Weights) -> None:
    assert list(received) == list(sent)
    for name, weight in sent.items():
        assert received[name].dtype == weight.dtype
        assert torch.equal(received[name], weight), name


def test_every_weight_arrives_at_every_rollout_in_every_update() -> None:
    """The third update has one more rollout, which was not there for the first two; the second actor only gathers."""
    actors = [GlooCheckpointEngine(BUCKET, is_master=True), GlooCheckpointEngine(BUCKET)]
    rollouts = [GlooCheckpointEngine(BUCKET), GlooCheckpointEngine(BUCKET)]
    for step in range(3):
        if step == 2:
            rollouts.append(GlooCheckpointEngine(BUCKET))
        weights = some_weights(step)
        results = update(actors, rollouts, weights)
        assert len(results) == len(rollouts)
        for received in results:
            assert_equal(received, weights)


def test_an_update_of_no_weights_ends() -> None:
    assert update([GlooCheckpointEngine(BUCKET, is_master=True)], [GlooCheckpointEngine(BUCKET)], {}) == [{}]


def test_an_actor_beside_the_sender_takes_part_in_the_gathering() -> None:
    """Each weight is gathered from all actors: one that did not ask for it would leave the others waiting."""
    asked: list[str] = []

    def gather() -> Any:
        for name, weight in some_weights(0).items():
            asked.append(name)
            yield name, weight

    beside = GlooCheckpointEngine(BUCKET)
    beside.init_process_group(**dict(rank=-1, world_size=2, meeting=None))  # type: ignore[arg-type]
    asyncio.run(beside.send_weights(gather()))
    assert asked == list(some_weights(0))


def test_a_rollout_that_never_comes_ends_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_engine, "TIMEOUT", timedelta(seconds=1))
    sender = GlooCheckpointEngine(BUCKET, is_master=True)
    meeting = sender.prepare()
    assert meeting is not None
    with pytest.raises(RuntimeError):
        sender.init_process_group(rank=0, world_size=2, meeting=meeting)


def test_a_rollout_that_leaves_in_the_middle_ends_the_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_engine, "TIMEOUT", timedelta(seconds=2))
    sender, rollout = GlooCheckpointEngine(BUCKET, is_master=True), GlooCheckpointEngine(BUCKET)
    meeting = sender.prepare()
    assert meeting is not None
    with ThreadPoolExecutor(2) as threads:
        joined = [
            threads.submit(engine.init_process_group, rank=rank, world_size=2, meeting=meeting)
            for rank, engine in enumerate((sender, rollout))
        ]
        for future in joined:
            future.result()
    rollout.finalize()
    with pytest.raises(RuntimeError):
        asyncio.run(sender.send_weights(iter(some_weights(0).items())))
