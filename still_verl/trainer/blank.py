"""A step of which selection left nothing: upstream's pipeline needs tokens, so it is not run at all."""

from __future__ import annotations

import uuid
from typing import Any

import torch
import transfer_queue as tq
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.padding_utils import construct_minimal_padding_template
from verl.utils.tensordict_utils import list_of_dict_to_tensordict


class NothingToLearn(Exception):
    """Ends an update before its first forward pass; `batch` stands for it in the metrics of the step."""

    def __init__(self, batch: KVBatchMeta) -> None:
        super().__init__("selection dropped every sample")
        self.batch = batch


def blank_batch(batch: KVBatchMeta, eos_token_id: int) -> KVBatchMeta:
    """One row of upstream's padding, after the pattern of the first row of `batch`, as if it had been trained on."""
    pattern = tq.kv_batch_get(keys=batch.keys[:1], partition_id=batch.partition_id)[0]
    sample, tag = construct_minimal_padding_template(pattern, batch.tags[0], eos_token_id)
    nothing: Any = torch.zeros(1)
    sample |= {"uid": f"pad{uuid.uuid4().hex}", "advantages": nothing, "returns": nothing}
    keys = [f"{sample['uid']}_0_0"]
    fields = list_of_dict_to_tensordict([sample])
    tq.kv_batch_put(keys=keys, partition_id=batch.partition_id, fields=fields, tags=[tag])
    return KVBatchMeta(partition_id=batch.partition_id, keys=keys, tags=[tag], extra_info=batch.extra_info)
