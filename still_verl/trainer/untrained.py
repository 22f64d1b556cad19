"""A step of which selection left nothing: upstream's pipeline needs tokens, so it is not run at all."""

from __future__ import annotations

import torch
import transfer_queue as tq
from tensordict import TensorDict
from transfer_queue import KVBatchMeta


class NothingToLearn(Exception):
    """Ends an update before its first forward pass; `batch` stands for it in the metrics of the step."""

    def __init__(self, batch: KVBatchMeta) -> None:
        super().__init__("selection dropped every sample")
        self.batch = batch


def untrained(batch: KVBatchMeta) -> KVBatchMeta:
    """The samples of a step without an update, with advantages of 0, so that upstream's metrics describe them."""
    scores = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["rm_scores"])["rm_scores"]
    zeros = torch.nested.as_nested_tensor([torch.zeros_like(row) for row in scores.unbind()], layout=torch.jagged)
    fields = TensorDict({"advantages": zeros, "returns": zeros}, batch_size=len(batch.keys))
    tq.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)
    tags = [tag | {"still_dropped": True} for tag in batch.tags]
    return KVBatchMeta(partition_id=batch.partition_id, keys=batch.keys, tags=tags, extra_info=batch.extra_info)
