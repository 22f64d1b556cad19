"""JSON files that are read whole: `trainer_state.json` of TRL and transformers, and a list of rows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from still_verl.logs.files import Notes, chunks, head
from still_verl.logs.format import Log, LogFormat, Row
from still_verl.logs.hugging_face import trainer_names
from still_verl.logs.known import has_known
from still_verl.logs.series import STEP_NAMES, whole_number

LARGEST = 1 << 29  # bytes of a file that is read whole
BEGINNING = 64  # bytes in which a list begins
CHECKPOINT = "checkpoint-"


class Trl(LogFormat):
    """The state of a trainer of Hugging Face; each checkpoint has all that was logged until then."""

    title = "trainer_state.json of TRL or transformers"
    patterns = ("trainer_state.json", "trainer_state*.json")

    def find(self, path: Path) -> list[Log]:
        state = _load(path)
        if not isinstance(state, dict) or not isinstance(state.get("log_history"), list):
            return []
        folder = path.parent
        if not folder.name.startswith(CHECKPOINT):
            return [Log(path, "", (path,), key=(str(folder),), total=whole_number(state.get("max_steps")))]
        # The checkpoints of a folder are one run.
        return [Log(folder.parent, "", (path,), key=(str(folder.parent),), total=whole_number(state.get("max_steps")))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        states = [state for state in map(_load, log.files) if isinstance(state, dict)]
        if not states:
            return
        last = max(states, key=_reached)
        yield from _rows(last["log_history"], notes)


class JsonList(LogFormat):
    """A list of rows: `log_history` by itself, `run.scan_history()` of wandb as it was dumped."""

    title = "a JSON list of rows, as the history of a wandb run"
    patterns = ("*.json",)

    def find(self, path: Path) -> list[Log]:
        if not head(path, BEGINNING).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            return []  # before it is read as a whole: a tokenizer is JSON, too
        found = _load(path)
        if not isinstance(found, list) or not any(_is_row(row) for row in found[:200]):
            return []
        return [Log(path, "", (path,))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            found = _load(file)
            if isinstance(found, list):
                yield from _rows(found, notes)


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and any(name in row for name in STEP_NAMES) and has_known(trainer_names(row))


def _rows(found: list[Any], notes: Notes) -> Iterator[Row]:
    for row in found:
        if isinstance(row, dict):
            yield trainer_names(row)
        else:
            notes.add("entries left out that are no rows: {n}")


def _load(path: Path) -> Any:
    """Read a whole file; None for one that is no JSON, or too large to be such a log."""
    pieces = []
    size = 0
    for piece in chunks(path, Notes()):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            return None
    try:
        return json.loads(b"".join(pieces).decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def _reached(state: dict[str, Any]) -> int:
    return whole_number(state.get("global_step")) or 0


TRL, JSON_LIST = Trl(), JsonList()
