"""A sample as verl's agent loop worker puts it into the queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch


class Row(NamedTuple):
    """A sample on its way into the queue."""

    key: str
    fields: dict[str, Any]
    tag: dict[str, Any]


def row_of(output: Any, index: int, columns: Mapping[str, Any]) -> Row:
    """Return what verl's agent loop worker puts into the queue for one output of text.

    Args:
        output: verl's `AgentLoopOutput`, scored.
        index: of the output in its trajectory.
        columns: of its prompt, with `uid`, `session_id` and `global_steps`.
    """
    fields = output.as_dict() | dict(columns)
    fields.pop("multi_modal_data", None)
    prompt, response = fields["prompts"], fields["responses"]
    tokens = torch.cat([prompt, response])
    fields["loss_mask"] = fields["response_mask"]
    fields["input_ids"] = tokens
    fields["position_ids"] = torch.arange(len(tokens))
    fields["multi_modal_inputs"] = {}
    tag = {
        "status": "success",
        "prompt_len": len(prompt),
        "response_len": len(response),
        "seq_len": len(tokens),
        "global_steps": columns["global_steps"],
        # of the weights with which the trajectory began and ended
        "min_global_steps": fields["extra_fields"].get("min_global_steps"),
        "max_global_steps": fields["extra_fields"].get("max_global_steps"),
    }
    return Row(f"{columns['uid']}_{columns['session_id']}_{index}", fields, tag)
