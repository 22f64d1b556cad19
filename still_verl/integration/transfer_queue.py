"""Everything that touches TransferQueue, where verl keeps the samples of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from still_verl.integration.mini_batches import even_order
from still_verl.monitor.rows import StepRows

if TYPE_CHECKING:
    from transfer_queue import KVBatchMeta as Batch  # keys and tags of samples; their columns stay in the queue

    from still_verl.integration.cpu.rows import Row

Tag = dict[str, Any]

_PADDING = 128  # tokens of a row with which verl fills a batch, all but one of the prompt
_FETCHED = 4096  # samples at a time, at most: the queue's answer has a number of 4 or 8 bytes for each token and field
_FIELDS = ["uid", "rm_scores", "reward_model", "extra_fields", "responses", "prompts"]


class Sample(NamedTuple):
    """What the queue holds of one sample; tokens are ids."""

    uid: str
    score: float
    reference: Any
    extra: dict[str, Any]
    response: np.ndarray
    prompt: np.ndarray


class Samples:
    """The samples of a step. Each is fetched from the queue once, whoever asks for it: a fetch takes milliseconds."""

    def __init__(self) -> None:
        self._known: dict[str, Sample] = {}

    def rows(self, batch: Batch) -> StepRows:
        """Return the samples of a batch, without the rows that pad it."""
        keys, dropped = _real_rows(batch)
        unknown = [key for key in keys if key not in self._known]
        for begin in range(0, len(unknown), _FETCHED):
            self._fetch(unknown[begin : begin + _FETCHED], batch.partition_id)
        known = [self._known[key] for key in keys]
        extras = [sample.extra for sample in known]
        return StepRows(
            uids=[sample.uid for sample in known],
            scores=np.array([sample.score for sample in known], dtype=float),
            references=[sample.reference for sample in known],
            infos=[extra.get("reward_extra_info") or {} for extra in extras],
            extras=extras,
            response_ids=[sample.response for sample in known],
            keys=keys,
            dropped=dropped,
        )

    def prompts(self, keys: Sequence[str]) -> list[list[int]]:
        """Return the tokens of the prompts of some samples that `rows` has returned."""
        return [self._known[key].prompt.tolist() for key in keys]

    def forget(self) -> None:
        """Forget all: the step is over."""
        self._known.clear()

    def _fetch(self, keys: list[str], partition: str) -> None:
        import transfer_queue as tq

        data = tq.kv_batch_get(keys=keys, partition_id=partition, select_fields=_FIELDS)
        columns = [
            map(str, data["uid"]),
            map(_sum, _rows(data["rm_scores"])),
            map(_reference, data["reward_model"]),
            data["extra_fields"],
            _rows(data["responses"], np.int32),
            _rows(data["prompts"], np.int32),
        ]
        for key, *sample in zip(keys, *columns, strict=True):
            self._known[key] = Sample(*sample)


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


def _rows(tokens: Any, kind: type | None = None) -> list[np.ndarray]:
    """Return the rows of a jagged tensor, as numbers of some kind; None leaves them.

    In numpy: a tensor for each row takes longer than the queue's answer.
    """
    values = tokens.values().numpy()
    return np.split(values if kind is None else values.astype(kind), tokens.offsets()[1:-1].numpy())


def _sum(row: np.ndarray) -> float:
    """Sum up the rewards of a response: one is paid at one token, the others have 0."""
    return float(row.sum())


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


def entropy_sum(batch: Batch) -> tuple[float, int]:
    """Return the sum of the entropies, in nats, that verl's pass for old log-probs computed, and of how many tokens.

    The tokens are those with mask 1: what the model wrote, without rows that pad the batch.
    """
    import torch
    import transfer_queue as tq

    names = ["entropy", "response_mask"]
    data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=names)
    mask = data["response_mask"].values().bool()
    return float(torch.where(mask, data["entropy"].values().double(), 0.0).sum()), int(mask.sum())


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


_ERROR = "still_error"  # of the tag of a prompt


async def report_error(uid: str, partition: str, error: str) -> None:
    """Put the error of a response into the tag of its prompt."""
    import transfer_queue as tq

    await tq.async_kv_put(key=uid, partition_id=partition, tag={_ERROR: error})


def errors_of_prompts() -> dict[str, str]:
    """Return by uid the last error that was reported of each prompt in the queue."""
    import transfer_queue as tq

    found: dict[str, str] = {}
    for tags in (tq.kv_list() or {}).values():
        for uid, tag in tags.items():
            if tag.get(_ERROR):
                found[uid] = str(tag[_ERROR])
    return found


def waiting_prompts(partition: str) -> set[str]:
    """Return the uids of prompts whose responses nobody has collected yet."""
    import transfer_queue as tq

    tags = (tq.kv_list(partition) or {}).get(partition, {})
    return {uid for uid, tag in tags.items() if tag.get("is_prompt", False)}


def fill_up(batch: Batch, multiple: int, token: int) -> Batch:
    """Fill a batch up to a multiple of rows, with rows of two tokens that no loss counts.

    Since 0.9.1 verl's own have 128 tokens, which every model reads: more than many a sample that selection has dropped.
    They are made by verl and then shortened; verl finds nothing left to fill.

    Args:
        token: what the rows consist of.
    """
    import torch
    import transfer_queue as tq
    from tensordict import TensorDict
    from transfer_queue import KVBatchMeta
    from verl.trainer.ppo.padding_utils import upsample_batch_to_divisible_size

    full = upsample_batch_to_divisible_size(batch, multiple, token)
    keys = full.keys[len(batch.keys) :]
    if not keys:
        return batch
    row = tq.kv_batch_get(keys=keys[:1], partition_id=batch.partition_id)[0]
    if row["position_ids"].dim() > 1:
        return full  # of a vision model, whose positions have more axes
    columns = {}
    for name in row.keys():
        value = row[name]
        if isinstance(value, torch.Tensor) and value.dim() > 0 and value.shape[0] in (_PADDING, _PADDING - 1):
            kept = 1 if name == "prompts" else 2
            columns[name] = torch.stack([value[-kept:]] * len(keys))
    if not columns:
        return full  # verl 0.9.0 makes rows of two tokens itself
    tags = [tag | {"prompt_len": 1, "response_len": 1, "seq_len": 2} for tag in full.tags[len(batch.keys) :]]
    tq.kv_batch_put(keys=keys, partition_id=batch.partition_id, fields=TensorDict(columns, len(keys)), tags=tags)
    return KVBatchMeta(
        keys=full.keys, tags=[*batch.tags, *tags], partition_id=batch.partition_id, extra_info=batch.extra_info
    )


def spread_padding(batch: Batch, ranks: int) -> None:
    """Spread the rows that pad a batch over its mini-batches, on each of the ranks among which it is divided."""
    padding = [bool(tag.get("is_padding", False)) for tag in batch.tags]
    if any(padding):
        batch.reorder(even_order(padding, ranks))


async def put_rows(partition: str, rows: Sequence[Row]) -> None:
    """Put samples into a partition: those with the same columns in one message."""
    import transfer_queue as tq
    from verl.utils.tensordict_utils import list_of_dict_to_tensordict

    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(row.fields), []).append(row)
    for group in alike.values():
        await tq.async_kv_batch_put(
            keys=[row.key for row in group],
            fields=list_of_dict_to_tensordict([row.fields for row in group]),
            tags=[row.tag for row in group],
            partition_id=partition,
        )


# Columns without tensors, which no model and no loss of verl's reads; a user's own column is none of them.
TEXTS = {
    *("raw_prompt", "data_source", "ability", "reward_model", "extra_info", "index", "uid", "session_id"),
    *("extra_fields", "metrics", "num_turns", "tools_kwargs", "interaction_kwargs", "mm_processor_kwargs"),
    *("still_budget", "still_temperature"),
}


def without_texts(batch: Batch) -> list[str]:
    """Return the columns of a batch that its models and losses read: of the others each row costs a message's part."""
    import transfer_queue as tq

    names = batch.fields
    if names is None:
        names = tq.get_client().kv_retrieve_meta(keys=batch.keys[:1], partition_id=batch.partition_id).field_names
    return [name for name in names if name not in TEXTS]
