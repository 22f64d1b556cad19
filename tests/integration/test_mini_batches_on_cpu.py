"""How much one response can move the weights, whichever mini-batch it is in. The queue is a dict here."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transfer_queue as tq
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.core_algos import agg_loss
from verl.utils.tensordict_utils import make_iterator

from still_verl.integration.mini_batches import even_order
from still_verl.integration.trainers import StillSync

TOKENS = 3


@pytest.fixture
def balanced(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run upstream's and our `_balance_batch` on so many responses; returns the batch."""
    held: dict[str, dict[str, Any]] = {}

    def put(keys: list[str], partition_id: str, fields: TensorDict, tags: Any = None) -> None:
        for index, key in enumerate(keys):
            row = fields[index]
            held.setdefault(key, {}).update({name: row[name] for name in row.keys()})

    monkeypatch.setattr(tq, "kv_batch_put", put)
    monkeypatch.setattr(tq, "kv_batch_get", lambda keys, **_: [dict(held[key]) for key in keys])

    def balance(responses: int, mini_batch: int, ranks: int) -> KVBatchMeta:
        keys = [f"r{index}_0_0" for index in range(responses)]
        held.update({key: {"responses": torch.ones(TOKENS), "uid": key} for key in keys})
        trainer: Any = object.__new__(StillSync)
        trainer.callbacks, trainer._own_seconds, trainer._dropped = [], 0.0, {}
        trainer.samples = SimpleNamespace(rows=lambda batch: SimpleNamespace(infos=[]))
        trainer.tokenizer = SimpleNamespace(eos_token_id=0)
        trainer.actor_rollout_wg = SimpleNamespace(_dispatch_info={"actor": list(range(ranks))})
        trainer.use_critic, trainer.global_steps = False, 1
        actor = {"ppo_mini_batch_size": mini_batch}
        trainer.config = OmegaConf.create(
            {"actor_rollout_ref": {"actor": actor, "rollout": {"n": 1}}, "trainer": {"critic_warmup": 0}}
        )
        tags = [{"prompt_len": 2, "response_len": TOKENS, "seq_len": 2 + TOKENS} for _ in keys]
        batch = KVBatchMeta(keys=keys, tags=tags, partition_id="train", extra_info={})
        return trainer._balance_batch(batch, {})

    return balance


def of_mini_batches(batch: KVBatchMeta, mini_batch: int, ranks: int) -> list[list[dict[str, Any]]]:
    """The tags of each mini-batch of all ranks together, as upstream's workers divide a batch."""
    size = len(batch.keys) // ranks
    parts = []
    for rank in range(ranks):
        rows = TensorDict({"row": torch.arange(rank * size, (rank + 1) * size)}, batch_size=size)
        parts.append([part["row"].tolist() for part in make_iterator(rows, mini_batch // ranks, epochs=1)])
    together = []
    for rows_of_ranks in zip(*parts, strict=True):
        together.append([batch.tags[row] for row in itertools.chain(*rows_of_ranks)])
    return together


def weights(tags: list[dict[str, Any]], mode: str) -> list[float]:
    """How much each response of a mini-batch moves its loss: the gradient for all tokens of it."""
    real = torch.tensor([not tag.get("is_padding", False) for tag in tags])
    mask = real[:, None].expand(-1, TOKENS).float()
    losses = torch.ones_like(mask).requires_grad_()
    tokens, rows = int(mask.sum()), len(tags)
    loss: Any = agg_loss(losses, mask, mode, batch_num_tokens=max(tokens, 1), global_batch_size=rows)
    loss.backward()
    moved: Any = losses.grad
    return moved.sum(dim=1)[real].tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", ["token-mean", "seq-mean-token-mean"])
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("responses", [9, 17, 25, 31])
def test_no_response_counts_twice_as_much_as_another(balanced: Any, responses: int, ranks: int, mode: str) -> None:
    """With 17 responses in mini-batches of 8, the last one alone was an update: as much as 8 others."""
    found: list[float] = []
    for tags in of_mini_batches(balanced(responses, 8, ranks), 8, ranks):
        moved = weights(tags, mode)
        assert moved, "a mini-batch of padding alone is an update by momentum"
        found += moved
    assert len(found) == responses and max(found) <= 1.75 * min(found)


def test_a_batch_without_padding_stays_as_upstream_orders_it(balanced: Any) -> None:
    assert balanced(16, 8, 1).keys == [f"r{index}_0_0" for index in range(16)]


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.sampled_from([1, 2, 3, 8]))
def test_each_rank_keeps_its_rows_and_real_ones_keep_their_order(rows: list[bool], ranks: int) -> None:
    padding = [row for row in rows for _ in range(ranks)]
    order = even_order(padding, ranks)
    size = len(rows)
    assert sorted(order) == list(range(len(padding)))
    assert [row // size for row in order] == [row // size for row in range(len(padding))]
    real = [row for row in order if not padding[row]]
    assert real == sorted(real)


@pytest.mark.parametrize("parts", [2, 4, 8])
@given(real=st.integers(0, 64))
def test_any_equal_parts_of_a_batch_have_as_many_real_rows(real: int, parts: int) -> None:
    """The mini-batches of the critic may have another size than those of the actor."""
    order = even_order([False] * real + [True] * (64 - real), ranks=1)
    size = 64 // parts
    counts = [sum(row < real for row in order[start : start + size]) for start in range(0, 64, size)]
    assert max(counts) - min(counts) <= 1
