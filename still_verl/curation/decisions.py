"""What people decided about single rows, for example on the page `review.html`: it overrules every filter."""

import json
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.store import Records
from still_verl.curation.work import REJECTED, Record

NAME = "decisions.jsonl"
KINDS = ("keep", "drop")
NOTHING = (None, "")


class Decisions:
    """Decisions by the key of a row, or by its id."""

    def __init__(self, path: Path | None) -> None:
        """Read a file of decisions; None is a file without any.

        Raises:
            ConfigError: a line has no key or id, or decides neither keep nor drop.
        """
        self._of: dict[str, str] = {}
        self._used: set[str] = set()
        if path is None:
            return
        try:
            # Not `splitlines`: it would split at U+2028 inside of a text, too.
            lines = path.read_bytes().decode("utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--decisions {path}: it cannot be read: {error}") from error
        for number, text in enumerate(lines, 1):
            if text.strip():
                self._read(path, number, text)

    def __len__(self) -> int:
        return len(self._of)

    @property
    def given(self) -> list[dict[str, str]]:
        """Return all decisions as they would be written to a file."""
        found = []
        for name, decision in self._of.items():
            kind, _, value = name.partition(" ")
            found.append({kind: value, "decision": decision})
        return found

    def rows_kept(self, columns: Any, records: Records) -> list[int]:
        """Return the numbers of the rows that a person keeps, whatever a filter says."""
        if "keep" not in self._of.values():
            return []
        have_ids = any(name.startswith("id ") for name in self._of)
        found = []
        for number, (state, high, low) in enumerate(
            zip(columns["state"], columns["high"], columns["low"], strict=True)
        ):
            if state == REJECTED:
                continue
            decided = self._of.get(f"key {key_of(high, low)}")
            if decided is None and have_ids:
                decided = self._of.get(f"id {records.at(columns['offset'][number])['id']}")
            if decided == "keep":
                found.append(number)
        return found

    @property
    def used(self) -> int:
        """Return how many decisions fit a row: one by an id may fit several."""
        return len(self._used)

    def apply(self, record: Record) -> None:
        """Let a decision about a row count, if there is one."""
        names = [name for name in (f"key {record['key']}", f"id {record['id']}") if name in self._of]
        if not names:
            return
        self._used.update(names)
        decided = self._of[names[0]]
        record["decided_by"] = "a person"
        if decided == "keep":
            record["filter"] = record["reason"] = ""
        elif not record["filter"]:
            record["filter"], record["reason"] = "reviewed", "a person dropped it"

    def _read(self, path: Path, number: int, text: str) -> None:
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict) or entry.get("decision") not in KINDS:
            raise ConfigError(
                f'--decisions {path}: line {number} is no decision; write {{"id": "...", "decision": "keep"}} or "drop"'
            )
        name = "id" if entry.get("key") in NOTHING else "key"
        if entry.get(name) in NOTHING:  # 0 is an id
            raise ConfigError(f"--decisions {path}: line {number} names no row: give its key or its id")
        self._of[f"{name} {entry[name]}"] = entry["decision"]


def key_of(high: int, low: int) -> str:
    """Return what a row is called by its digest: it changes with its text."""
    return f"{high:016x}{low:016x}"


def decisions_of(output: Path, given: Path | None) -> Path | None:
    """Return the file of decisions: the one that was given, else the one in the output folder, if there is one."""
    if given is not None:
        return given
    beside = output / NAME
    return beside if beside.is_file() else None
