"""Everything that touches TransferQueue, where verl keeps the samples of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from still_verl.monitor.rows import REWARD_ERROR, StepRows

if TYPE_CHECKING:
    from transfer_queue import KVBatchMeta as Batch  # keys and tags of samples; their columns stay in the queue

Tag = dict[str, Any]

_FIELDS = ["uid", "rm_scores", "reward_model", "extra_fields", "responses"]


def read_rows(batch: Batch) -> StepRows:
    """Fetch the samples of a batch, without the rows that pad it."""
    import transfer_queue as tq

    keys, dropped = _real_rows(batch)
    data = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=_FIELDS)
    extras = list(data["extra_fields"])
    return StepRows(
        uids=list(map(str, data["uid"])),
        scores=np.array(_row_sums(data["rm_scores"])),
        references=[_reference(row) for row in data["reward_model"]],
        infos=[extra.get("reward_extra_info") or {} for extra in extras],
        extras=extras,
        response_ids=_rows_as_lists(data["responses"]),
        keys=keys,
        dropped=dropped,
    )


def _reference(reward_model: Any) -> Any:
    """Return the right answer of a row; None where a model judges and the data need have none."""
    if isinstance(reward_model, Mapping):
        return reward_model.get("ground_truth")
    return None


def _real_rows(batch: Batch) -> tuple[list[str], list[bool]]:
    """Return the keys of the rows that do not pad the batch, and for each whether selection dropped it."""
    keys, dropped = [], []
    for key, tag in zip(batch.keys, batch.tags, strict=True):
        if not tag.get("is_padding", False):
            keys.append(key)
            dropped.append(bool(tag.get("still_dropped", False)))
    return keys, dropped


def _row_sums(tokens: Any) -> list[float]:
    """Sum up each row: a reward is paid at one token of a response, the others have 0."""
    sums = []
    for row in tokens.unbind():
        sums.append(float(row.sum()))
    return sums


def _rows_as_lists(tokens: Any) -> list[list[int]]:
    """Return a jagged tensor of token ids as lists."""
    rows = []
    for row in tokens.unbind():
        rows.append(row.tolist())
    return rows


def read_reward_errors(batch: Batch) -> list[str | None]:
    """Fetch why the reward of each sample could not be computed; empty, or None for another reward, where it could."""
    import transfer_queue as tq

    keys, _ = _real_rows(batch)
    if not keys:
        return []  # the queue refuses an empty list
    data = tq.kv_batch_get(keys=keys, partition_id=batch.partition_id, select_fields=["extra_fields"])
    errors = []
    for extra in data["extra_fields"]:
        info = extra.get("reward_extra_info") or {}
        errors.append(info.get(REWARD_ERROR))
    return errors


def read_prompts(batch: Batch, keys: Sequence[str]) -> list[list[int]]:
    """Fetch the tokens of the prompts of some rows of a batch."""
    import transfer_queue as tq

    data = tq.kv_batch_get(keys=list(keys), partition_id=batch.partition_id, select_fields=["prompts"])
    return _rows_as_lists(data["prompts"])


def subset(batch: Batch, rows: Sequence[int] | np.ndarray) -> Batch:
    """Return the batch of some rows, by their indices; the others stay in the queue."""
    from transfer_queue import KVBatchMeta

    return KVBatchMeta(
        partition_id=batch.partition_id,
        keys=[batch.keys[row] for row in rows],
        tags=[batch.tags[row] for row in rows],
        fields=batch.fields,
        extra_info=batch.extra_info,
    )


def dropped_rows(before: Batch, after: Batch) -> dict[str, Tag]:
    """Return the tags of the rows that a batch has lost, by key, marked as dropped."""
    kept = set(after.keys)
    lost = {}
    for key, tag in zip(before.keys, before.tags, strict=True):
        if key not in kept:
            lost[key] = tag | {"still_dropped": True}
    return lost


def with_rows(batch: Batch, rows: Mapping[str, Tag]) -> Batch:
    """Return the batch with more rows, given as tags by key."""
    from transfer_queue import KVBatchMeta

    keys, tags = [*batch.keys, *rows], [*batch.tags, *rows.values()]
    return KVBatchMeta(partition_id=batch.partition_id, keys=keys, tags=tags)


def clear(batch: Batch, keys: Sequence[str]) -> None:
    """Remove rows from the partition of a batch."""
    import transfer_queue as tq

    tq.kv_clear(keys=list(keys), partition_id=batch.partition_id)


def without_update(batch: Batch, critic: bool) -> Batch:
    """Return the samples of a step that had no update, so that verl's metrics describe them: what it lacks is 0.

    Args:
        batch: every sample, dropped.
        critic: whether the metrics are to find values, too.
    """
    import torch
    import transfer_queue as tq
    from tensordict import TensorDict
    from transfer_queue import KVBatchMeta

    scores = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["rm_scores"])["rm_scores"]
    zeros = torch.nested.as_nested_tensor([torch.zeros_like(row) for row in scores.unbind()], layout=torch.jagged)
    columns = ["advantages", "returns"]
    if critic:
        columns.append("values")
    fields = TensorDict(dict.fromkeys(columns, zeros), batch_size=len(batch.keys))
    tq.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)
    return KVBatchMeta(partition_id=batch.partition_id, keys=batch.keys, tags=batch.tags, extra_info=batch.extra_info)
