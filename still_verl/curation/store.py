"""The folder of a curation that is not finished: what is decided already, so that a kill costs one chunk.

A chunk is two files, `FILE-CHUNK.jsonl` and `.npy`. The second is renamed to its name when both are whole. When all
chunks are there they become one pair of files.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from still_verl.curation.work import COLUMNS, Decided, Record

NAME = ".unfinished"
ALL = "all"  # of the chunks
_USUAL = 4096  # bytes that hold most records


class Store:
    """The folder `.unfinished` of an output folder."""

    def __init__(self, output: Path, plan: dict[str, Any]) -> None:
        """Open it. What is there counts only if it was made with the same plan: inputs, settings and versions."""
        self.folder = output / NAME
        self._removed = output / f"{NAME}.removed"
        written = json.dumps(plan, sort_keys=True, indent=1)
        path = self.folder / "plan.json"
        _remove(self._removed)  # what a kill left of it
        if not path.is_file() or path.read_bytes() != written.encode():
            self.remove()
            self.folder.mkdir(parents=True)
            _write(path, written.encode())
        self.is_whole = self.has(ALL)

    def has(self, part: str) -> bool:
        """Return whether a chunk is decided already: both of its files are there, and belong to each other."""
        return _fit(self.folder / f"{part}.npy", self.folder / f"{part}.jsonl")

    def save(self, part: str, decided: Decided) -> None:
        """Keep what became of a chunk."""
        _write(self.folder / f"{part}.jsonl", decided.records)
        _write(self.folder / f"{part}.npy", decided.columns.tobytes())

    def join(self, parts: Sequence[str]) -> None:
        """Make one pair of files of all chunks, in the order of their names."""
        if self.is_whole:
            return
        base = 0
        partial = self.folder / ".all.partial"
        with (self.folder / "all.jsonl").open("wb") as records, partial.open("wb") as columns:
            for part in sorted(parts):
                decided = np.fromfile(self.folder / f"{part}.npy", COLUMNS)
                decided["offset"] += base
                columns.write(decided.tobytes())
                source = self.folder / f"{part}.jsonl"
                base += source.stat().st_size
                with source.open("rb") as file:
                    shutil.copyfileobj(file, records)
        partial.replace(self.folder / "all.npy")
        self.is_whole = True
        for part in parts:
            (self.folder / f"{part}.jsonl").unlink(missing_ok=True)
            (self.folder / f"{part}.npy").unlink(missing_ok=True)

    def columns(self) -> "np.ndarray[Any, Any]":
        """Return the columns of all rows; they stay on disk until they are looked at."""
        path = self.folder / "all.npy"
        if path.stat().st_size == 0:
            return np.zeros(0, COLUMNS)
        return np.memmap(path, COLUMNS, "r")

    def records(self) -> "Records":
        """Open the records of all rows."""
        return Records(self.folder / "all.jsonl")

    def remove(self) -> None:
        """Remove the folder, under another name first: a kill leaves no half of it that looks whole."""
        if self.folder.exists():
            self.folder.rename(self._removed)
            _remove(self._removed)


class Records:
    """Reads single records by their offsets."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def at(self, offset: int) -> Record:
        """Return the record at an offset."""
        # Not `seek` and `readline`: that fills a buffer anew for each record.
        size = _USUAL
        text = os.pread(self._file.fileno(), size, int(offset))
        while b"\n" not in text and len(text) == size:
            size *= 8
            text = os.pread(self._file.fileno(), size, int(offset))
        record: Record = json.loads(text.partition(b"\n")[0])
        return record

    def several(self, offsets: Sequence[int]) -> Iterator[Record]:
        """Yield the records at some offsets."""
        for offset in offsets:
            yield self.at(offset)


def _fit(columns: Path, records: Path) -> bool:
    """Whether the records are as many bytes as the columns say: the last one of them is the last line."""
    if not columns.is_file() or not records.is_file() or columns.stat().st_size % COLUMNS.itemsize:
        return False
    if not columns.stat().st_size:
        return not records.stat().st_size
    last = int(np.memmap(columns, COLUMNS, "r")["offset"][-1])
    with records.open("rb") as file:
        file.seek(max(last - 1, 0))
        rest = file.read()
    before, last_line = (rest[:1], rest[1:]) if last else (b"\n", rest)
    return before == b"\n" and last_line.find(b"\n") == len(last_line) - 1 >= 0


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)
