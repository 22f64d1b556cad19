"""Rows that fill up a batch: made by verl, shortened by us. The queue is a dict here; tests/e2e has the real one."""

from typing import Any

import pytest
import torch
import transfer_queue as tq
from tensordict import TensorDict
from transfer_queue import KVBatchMeta

from still_verl.integration.transfer_queue import fill_up

END = 7


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the queue holds, by key: three responses of 5 tokens to prompts of 9."""
    held: dict[str, dict[str, Any]] = {}

    def put(keys: list[str], partition_id: str, fields: TensorDict, tags: Any = None) -> None:
        for index, key in enumerate(keys):
            row = fields[index]
            held.setdefault(key, {}).update({name: row[name] for name in row.keys()})

    def get(keys: list[str], partition_id: str, select_fields: Any = None) -> list[dict[str, Any]]:
        return [dict(held[key]) for key in keys]

    monkeypatch.setattr(tq, "kv_batch_put", put)
    monkeypatch.setattr(tq, "kv_batch_get", get)
    for name in "abc":
        held[name] = {
            "prompts": torch.arange(9),
            "responses": torch.arange(5),
            "input_ids": torch.arange(14),
            "position_ids": torch.arange(14),
            "response_mask": torch.ones(5),
            "rm_scores": torch.ones(5),
            "routed_experts": torch.ones(14, 2, 3, dtype=torch.int64),
            "uid": name,
        }
    return held


def batch() -> KVBatchMeta:
    tags = [{"prompt_len": 9, "response_len": 5, "seq_len": 14} for _ in "abc"]
    return KVBatchMeta(keys=list("abc"), tags=tags, partition_id="train", extra_info={"temperature": 1.0})


def test_a_row_of_padding_has_two_tokens_that_no_loss_counts(rows: dict[str, dict[str, Any]]) -> None:
    full = fill_up(batch(), 4, END)
    assert len(full.keys) == 4 and full.keys[:3] == list("abc") and full.extra_info == {"temperature": 1.0}
    tag = full.tags[3]
    assert tag["is_padding"] and (tag["prompt_len"], tag["response_len"], tag["seq_len"]) == (1, 1, 2)
    row = rows[full.keys[3]]
    assert row["input_ids"].tolist() == [END, END] and row["prompts"].tolist() == row["responses"].tolist() == [END]
    assert row["position_ids"].shape == (2,) and row["routed_experts"].shape == (2, 2, 3)
    assert row["response_mask"].tolist() == [0] and row["rm_scores"].tolist() == [0]
    assert str(row["uid"]).startswith("pad")
    assert [tag["seq_len"] for tag in full.tags[:3]] == [14] * 3 and rows["a"]["input_ids"].tolist() == list(range(14))


def test_a_whole_batch_stays_as_it_is(rows: dict[str, dict[str, Any]]) -> None:
    whole = batch()
    assert fill_up(whole, 3, END) is whole and list(rows) == list("abc")


def test_a_vision_model_keeps_verls_rows(rows: dict[str, dict[str, Any]]) -> None:
    """Their positions have three axes, of which none of our machines could try the shorter ones."""
    for row in rows.values():
        row["position_ids"] = torch.arange(14).expand(3, 14)
    full = fill_up(batch(), 4, END)
    assert full.tags[3]["seq_len"] == 128 and rows[full.keys[3]]["input_ids"].shape == (128,)
