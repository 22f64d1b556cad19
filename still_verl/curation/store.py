"""The folder of a curation that is not finished: what is decided already, so that a kill costs one chunk.

A chunk is two files, `FILE-CHUNK.jsonl` and `.npy`. The second is renamed to its name when both are whole, and ends
with the checksums of both. When all chunks are there they become one pair of files.
"""

import json
import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from still_verl.curation.work import COLUMNS, Decided, Record

NAME = ".unfinished"
ALL = "all"  # of the chunks
_USUAL = 4096  # bytes that hold most records
_BLOCK = 1 << 20
_SUMS = struct.Struct("<II")  # of the columns and of the records; shorter than a row of the columns


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
        columns = decided.columns.tobytes()
        _write(self.folder / f"{part}.npy", columns + _SUMS.pack(crc32(columns), crc32(decided.records)))

    def join(self, parts: Sequence[str]) -> None:
        """Make one pair of files of all chunks, in the order of their names."""
        if self.is_whole:
            return
        base = columns_sum = records_sum = 0
        partial = self.folder / ".all.partial"
        with (self.folder / "all.jsonl").open("wb") as records, partial.open("wb") as columns:
            for part in sorted(parts):
                decided = np.array(_mapped(self.folder / f"{part}.npy"))
                decided["offset"] += base
                data = decided.tobytes()
                columns_sum = crc32(data, columns_sum)
                columns.write(data)
                source = self.folder / f"{part}.jsonl"
                base += source.stat().st_size
                for block in _blocks(source):
                    records_sum = crc32(block, records_sum)
                    records.write(block)
            columns.write(_SUMS.pack(columns_sum, records_sum))
        partial.replace(self.folder / "all.npy")
        self.is_whole = True
        for part in parts:
            (self.folder / f"{part}.jsonl").unlink(missing_ok=True)
            (self.folder / f"{part}.npy").unlink(missing_ok=True)

    def columns(self) -> "np.ndarray[Any, Any]":
        """Return the columns of all rows; they stay on disk until they are looked at."""
        return _mapped(self.folder / "all.npy")

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
    """Whether two files are those that were written together, with every byte."""
    if not columns.is_file() or not records.is_file():
        return False
    size = columns.stat().st_size - _SUMS.size
    if size < 0 or size % COLUMNS.itemsize:
        return False
    sums = [0, 0]
    for number, blocks in enumerate((_blocks(columns, size), _blocks(records))):
        for block in blocks:
            sums[number] = crc32(block, sums[number])
    with columns.open("rb") as file:
        file.seek(size)
        return file.read() == _SUMS.pack(*sums)


def _mapped(columns: Path) -> "np.ndarray[Any, Any]":
    rows = columns.stat().st_size // COLUMNS.itemsize
    return np.memmap(columns, COLUMNS, "r", shape=rows) if rows else np.zeros(0, COLUMNS)


def _blocks(path: Path, size: int | None = None) -> Iterator[bytes]:
    """Yield a file, or its first bytes, block by block."""
    left = path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while block := file.read(min(left, _BLOCK)):
            left -= len(block)
            yield block


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)
