"""The contract of a row for supervised training: a conversation, or token ids with a mask of what is trained.

    {"messages": [{"role": "user", "content": "1+1=?"}, {"role": "assistant", "content": "\\\\boxed{2}"}]}
    {"input_ids": [1, 2, 3], "loss_mask": [0, 1, 1]}

Any other column is free. Token ids come from whoever generated them and are never encoded again: where a row has both
forms, the ids count and the messages are for people. A row of messages may have `tools`, JSON schemas for the template.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MESSAGES, IDS, MASK, TOOLS = "messages", "input_ids", "loss_mask", "tools"


class RowError(ValueError):
    """A row that cannot be trained on; the message is one line with the field, its value and the fix."""


@dataclass(frozen=True)
class TokenRow:
    """Token ids, and 1 for each that is trained."""

    input_ids: list[int]
    loss_mask: list[int]


@dataclass(frozen=True)
class Conversation:
    """Messages as they came, and the JSON schemas of tools that a template is told of."""

    messages: list[dict[str, Any]]
    tools: list[Any] | None = None


def read_row(row: Any) -> TokenRow | Conversation:
    """Read a row by the contract above.

    Raises:
        RowError: it has neither form, or one that is broken.

    Example:
        >>> read_row({"input_ids": [5, 6], "loss_mask": [0, 1], "source": "teacher"})
        TokenRow(input_ids=[5, 6], loss_mask=[0, 1])
    """
    if not isinstance(row, Mapping):
        raise RowError(f"a row is {_short(row)}: use an object with `messages`, or with `input_ids` and `loss_mask`")
    if row.get(IDS) is not None:
        return _token_row(row)
    if row.get(MASK) is not None:
        raise RowError("loss_mask is there and input_ids is not: give both, or `messages`")
    if row.get(MESSAGES) is None:
        names = ", ".join(map(str, row)) or "nothing"
        raise RowError(f"there is no `messages` and no `input_ids` (found: {names}): rename the column of messages")
    return Conversation(_messages(row[MESSAGES]), _tools(row.get(TOOLS)))


def _token_row(row: Mapping[str, Any]) -> TokenRow:
    ids, mask = row[IDS], row.get(MASK)
    if mask is None:
        raise RowError("input_ids is there and loss_mask is not: give 1 for each token that is trained, 0 for others")
    for name, values in ((IDS, ids), (MASK, mask)):
        if not isinstance(values, list):
            raise RowError(f"{name} is {_short(values)}: use a list of whole numbers")
    for value in ids:
        if type(value) is not int or value < 0:
            raise RowError(f"input_ids has {_short(value)}: use whole numbers from 0 up")
    for value in mask:
        if type(value) not in (int, bool) or value not in (0, 1):
            raise RowError(f"loss_mask has {_short(value)}: use 1 (trained) and 0")
    if len(ids) != len(mask):
        raise RowError(f"input_ids has {len(ids)} values and loss_mask {len(mask)}: give one for each token")
    if not ids:
        raise RowError("input_ids is empty: leave the row out")
    return TokenRow(list(ids), [int(value) for value in mask])


def _messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list):
        raise RowError(f"messages is {_short(messages)}: use a list of objects with `role` and `content`")
    if not messages:
        raise RowError("messages is empty: leave the row out")
    for place, message in enumerate(messages):
        if not isinstance(message, Mapping):
            raise RowError(f"messages[{place}] is {_short(message)}: use an object with `role` and `content`")
        role = message.get("role")
        if not isinstance(role, str) or not role:
            raise RowError(f"messages[{place}].role is {_short(role)}: use system, user, assistant or tool")
    return [dict(message) for message in messages]


def _tools(tools: Any) -> list[Any] | None:
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            raise RowError(f"tools is {_short(tools)}: use a list of JSON schemas") from None
    if not tools:
        return None
    if not isinstance(tools, list):
        raise RowError(f"tools is {_short(tools)}: use a list of JSON schemas")
    return tools


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
