"""Reads the prompts of a file of RL rows: messages as verl takes them, or a text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.curation.set_files import TRAIN, is_set
from still_verl.demonstrations.files import read_rows
from still_verl.demonstrations.rows import RowError

Message = dict[str, Any]


@dataclass(frozen=True)
class Prompt:
    """The prompt of a row.

    Attributes:
        messages: as they are in the row.
        was_text: the row has a text, which is here one turn of a user. verl takes only messages.
    """

    messages: list[Message]
    was_text: bool = False


def read_prompts(path: Path, column: str) -> Iterator[Prompt]:
    """Yield the prompts of a file.

    Args:
        path: of JSONL, a JSON list or parquet; of a folder that a curation wrote, its training set.
        column: of the prompts.

    Raises:
        RowError: the file cannot be read, a row lacks the column, or has something else there.
    """
    if is_set(path):
        path = path / TRAIN
    for number, row in enumerate(read_rows(path), 1):
        try:
            yield _prompt(row, column)
        except RowError as error:
            raise RowError(f"{path} row {number}: {error}") from None


def _prompt(row: Any, column: str) -> Prompt:
    if not isinstance(row, Mapping):
        raise RowError(f"it is {row!r:.60}: use an object with a column `{column}`")
    if column not in row:
        names = ", ".join(map(str, row)) or "none"
        raise RowError(f"there is no column `{column}` (columns: {names}): name the one of the prompts by --prompt-key")
    value = row[column]
    if value is None:
        return Prompt([])
    if isinstance(value, str):
        return Prompt([{"role": "user", "content": value}] if value else [], was_text=True)
    if not isinstance(value, list):
        raise RowError(f"{column} is {value!r:.60}: use a list of messages, or a text")
    for place, message in enumerate(value):
        _check(f"{column}[{place}]", message)
    return Prompt([dict(message) for message in value])


def _check(where: str, message: Any) -> None:
    if not isinstance(message, Mapping):
        raise RowError(f"{where} is {message!r:.60}: use an object with `role` and `content`")
    if not isinstance(message.get("role"), str):
        raise RowError(f"{where}.role is {message.get('role')!r:.60}: use system, user, assistant or tool")
    if not isinstance(message.get("content"), str | list):
        raise RowError(f"{where}.content is {message.get('content')!r:.60}: use text, or a list of parts with text")
