"""JSON lines of a run folder: append-only, and whole after a kill at any byte but for the last line."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO


class MetricsFile:
    """`metrics.jsonl`, a tracker for verl's `Tracking.logger`: `step` first, numbers as verl logged them."""

    def __init__(self, run_dir: Path) -> None:
        self._file = open_append(run_dir / "metrics.jsonl")

    def log(self, data: dict[str, Any], step: int) -> None:
        self._file.write(line({"step": step} | {key: _plain(value) for key, value in data.items()}))

    def finish(self) -> None:
        self._file.close()


class RotatedFile:
    """`NAME.jsonl` of a run folder. At `size` bytes it becomes `NAME.1.jsonl`, that one `NAME.2.jsonl`, and so on.

    At most `files` are kept, so a run writes no more than `files * size` bytes, and one batch of rows beyond.
    """

    def __init__(self, path: Path, size: int, files: int) -> None:
        self.path, self.size, self.files = path, size, files
        self._file = open_append(path)

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        self._file.write(b"".join(map(line, rows)))
        if self._file.tell() >= self.size:
            self._rotate()

    def close(self) -> None:
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self.files - 1, 0, -1):
            older = rotated(self.path, number - 1)
            if older.exists():
                older.replace(rotated(self.path, number))
        self.path.unlink(missing_ok=True)  # still there only if no older file is kept
        self._file = open_append(self.path)


def rotated(path: Path, number: int) -> Path:
    """The name that a file gets after `number` rotations."""
    return path.with_suffix(f".{number}{path.suffix}") if number else path


def open_append(path: Path) -> BinaryIO:
    """An unbuffered file to add lines to; a line that a kill tore is ended first, so that it spoils no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab+", buffering=0)
    if file.tell():
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def line(row: dict[str, Any]) -> bytes:
    """One line of JSON. A lone surrogate, which UTF-8 has not, is written as its escape."""
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole row of a file; lines that a kill tore are skipped. A file that does not exist has none."""
    rows = []
    for text in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            row = json.loads(text)
        except ValueError:  # of JSON or of UTF-8
            continue
        if isinstance(row, dict):  # "12" is what is left of a longer line
            rows.append(row)
    return rows


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """The rows of a run's `metrics.jsonl`. A resumed run repeats the steps after its checkpoint: the later counts."""
    return read_lines(run_dir / "metrics.jsonl")


def read_samples(run_dir: Path) -> list[dict[str, Any]]:
    """The rows of a run's samples, oldest first, over all rotated files that are kept."""
    path = run_dir / "samples.jsonl"
    numbers = [int(old.suffixes[-2][1:]) for old in run_dir.glob("samples.*.jsonl") if old.suffixes[-2][1:].isdigit()]
    return [row for number in [*sorted(numbers, reverse=True), 0] for row in read_lines(rotated(path, number))]


def finite(value: Any) -> Any:
    """A number for JSON, which has neither NaN nor infinity: None in their place."""
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """numpy and torch scalars as Python numbers; what is no number as text."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, bool | int | float | str | None) else str(value)
