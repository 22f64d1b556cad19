"""The folder of a wandb run, `wandb/offline-run-*/run-ID.wandb`. Folders with one ID are parts of one run."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from still_verl.logs.binary import Message, integer, leveldb_records, messages, parse_message, text
from still_verl.logs.files import Notes, head
from still_verl.logs.format import Log, LogFormat, Row
from still_verl.logs.hugging_face import trainer_names

MARK = b":W&B"
# Fields of wandb_internal.proto: of a record; of its run; of its history; of an item of that.
HISTORY, RUN = 2, 17
RUN_ID, DISPLAY_NAME = 1, 8
ITEM, STEP, STEP_NUMBER = 1, 2, 1
KEY, NESTED_KEY, BOOLEAN, INTEGER, NUMBER, VALUE_JSON = 1, 2, 4, 5, 6, 16
RUN_RECORD_AMONG = 50  # the first records


class WandbOffline(LogFormat):
    """What `WANDB_MODE=offline` leaves, and what an online run keeps beside what it sends."""

    title = "wandb's offline folder"
    patterns = ("*.wandb",)
    owns_folder = True

    def find(self, path: Path) -> list[Log]:
        if head(path, len(MARK)) != MARK:
            return []
        run_id, name = _run_of(path)
        folder = path.parent
        return [Log(folder, "", (path,), name, key=(str(folder.parent), run_id or str(path)))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            for record in _records(file, notes):
                for history in messages(record, HISTORY):
                    yield trainer_names(_row(history))


def _records(file: Path, notes: Notes) -> Iterator[Message]:
    for data in leveldb_records(file, notes):
        try:
            yield parse_message(data)
        except ValueError:
            notes.add("records that could not be read: {n}")


def _run_of(path: Path) -> tuple[str, str]:
    """Return the ID of a run and the name that a person gave it."""
    for record in islice(_records(path, Notes()), RUN_RECORD_AMONG):
        for run in messages(record, RUN):
            return text(run, RUN_ID), text(run, DISPLAY_NAME)
    return "", ""


def _row(history: Message) -> Row:
    row: Row = {}
    for step in messages(history, STEP):
        row["_step"] = integer(step, STEP_NUMBER)
    for item in messages(history, ITEM):
        value = _value(item)
        keys = [part.decode("utf-8", "replace") for part in item.get(NESTED_KEY, []) if isinstance(part, bytes)]
        name = "/".join(keys) or text(item, KEY)
        if name == "_step":
            row.setdefault(name, value)
        else:
            row[name] = value
    return row


def _value(item: Message) -> Any:
    """Return the value of an item: JSON, or since wandb 0.31 a number as such."""
    for field in (NUMBER, BOOLEAN):
        if field in item:
            return item[field][-1]
    if INTEGER in item:
        zigzag = integer(item, INTEGER)
        return (zigzag >> 1) ^ -(zigzag & 1)
    try:
        return json.loads(text(item, VALUE_JSON) or '""')
    except (ValueError, RecursionError):
        return ""


WANDB_OFFLINE = WandbOffline()
