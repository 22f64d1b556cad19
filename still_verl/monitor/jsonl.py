"""Reads and writes the JSON lines of a run folder.

Files are append-only. After a kill at any byte every line is whole but the last; readers skip that one.
"""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO


class MetricsFile:
    """`metrics.jsonl`, a tracker for verl's `Tracking.logger`: `step` first, numbers as verl logged them."""

    def __init__(self, run_dir: Path) -> None:
        self._file = open_append(run_dir / "metrics.jsonl")

    def log(self, data: dict[str, Any], step: int) -> None:
        """Add the metrics of one step."""
        row: dict[str, Any] = {"step": step}
        for key, value in data.items():
            row[key] = _plain(value)
        self._file.write(line(row))

    def finish(self) -> None:
        """Close the file; verl calls this when the run is over."""
        self._file.close()


class RotatedFile:
    """`NAME.jsonl` of a run folder. At `size` bytes it becomes `NAME.1.jsonl`, that one `NAME.2.jsonl`, and so on.

    At most `files` are kept, so a run writes no more than `files * size` bytes, and one batch of rows beyond.
    """

    def __init__(self, path: Path, size: int, files: int) -> None:
        self.path, self.size, self.files = path, size, files
        self._file = open_append(path)

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows, all in one file."""
        self._file.write(b"".join(map(line, rows)))
        if self._file.tell() >= self.size:
            self._rotate()

    def close(self) -> None:
        """Close the file; all is on disk already."""
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
    """Return the name that a file gets after `number` rotations."""
    if number == 0:
        return path
    return path.with_suffix(f".{number}{path.suffix}")


def open_append(path: Path) -> BinaryIO:
    """Open an unbuffered file to add lines to; a line that a kill tore is ended first, so that it spoils no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab+", buffering=0)
    if file.tell():
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def line(row: dict[str, Any]) -> bytes:
    """Return a row as one line of JSON. A lone surrogate, which UTF-8 has not, is written as its escape."""
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    r"""Yield the rows of a file as a stream; memory does not grow with it. A file that does not exist has none.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "metrics.jsonl"
        ...     _ = path.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
        ...     list(json_lines(path))
        [{'step': 1, 'loss': 0.5}]
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        yield from _objects(file)


def parse_lines(data: bytes) -> Iterator[dict[str, Any]]:
    r"""Yield the rows in a piece of a file.

    Example:
        >>> list(parse_lines(b'{"step": 1}\n{"st'))
        [{'step': 1}]
    """
    # Not `splitlines`: it would split at a carriage return inside a line, too.
    return _objects(data.split(b"\n"))


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of each line; what a kill tore, and what is no object, is skipped."""
    for text in lines:
        try:
            # Logs of others may have bytes that are no UTF-8: their numbers count nevertheless.
            row = json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):  # no JSON, or nested beyond what Python can read
            continue
        if isinstance(row, dict):  # "12" is what is left of a longer line
            yield row


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """Read a run's `metrics.jsonl`. A resumed run repeats the steps after its checkpoint: the later row counts."""
    return list(json_lines(run_dir / "metrics.jsonl"))


def read_samples(run_dir: Path) -> list[dict[str, Any]]:
    """Read a run's samples, oldest first, over all rotated files that are kept."""
    path = run_dir / "samples.jsonl"
    numbers = [0]
    for old in run_dir.glob("samples.*.jsonl"):
        number = old.suffixes[-2].removeprefix(".")
        if number.isdigit():
            numbers.append(int(number))
    rows: list[dict[str, Any]] = []
    for rotations in sorted(numbers, reverse=True):
        rows += json_lines(rotated(path, rotations))
    return rows


def finite(value: Any) -> float | None:
    """Return a number as a float; None for NaN and infinity, which JSON has not, and for what is no number."""
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return None
    if not math.isfinite(number):
        return None
    return number


def _plain(value: Any) -> Any:
    """Return numpy and torch scalars as Python numbers, and what is no number as text."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool | int | float | str | None):
        return value
    return str(value)
