"""Reads a run that is still training: each read takes only what was added since the last one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import parse_lines
from still_verl.report.metrics import Values, add_row, find_logs, is_events, read_values
from still_verl.report.read import read_about
from still_verl.report.run import Run

LAST_BYTES = 1 << 18  # of a sample file, in which its last line is looked for


class Tail:
    """The lines that are added to a JSONL file. A file that was replaced or cut is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset, self._inode = 0, -1

    def read(self) -> Iterator[dict[str, Any]]:
        """Return new whole lines.

        What comes after the last line break may still be in writing: it is left for later.
        """
        try:
            with self.path.open("rb") as file:
                self._rewind()
                file.seek(self._offset)
                whole, line_break, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return iter(())
        self._offset += len(whole) + len(line_break)
        return parse_lines(whole)

    def _rewind(self) -> None:
        found = self.path.stat()
        if found.st_ino != self._inode or found.st_size < self._offset:
            self._offset, self._inode = 0, found.st_ino


class Follower:
    """A run as far as it has come. It may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.name = "/".join(self.path.parts[-2:])
        self._series: dict[str, Values] = {}
        self._tails: dict[Path, Tail] = {}
        self._stamp: list[tuple[str, int]] = []

    def look(self) -> Run:
        """Read what is new; the configuration and the advice of alarms are small and are read again."""
        files = find_logs(self.path)
        if files and is_events(files[0]):
            self._read_events(files)
        else:
            for file in files:
                for row in self._tails.setdefault(file, Tail(file)).read():
                    add_row(self._series, row)
        return read_about(self.path, self.name, self._series)

    def age(self, now: float) -> float | None:
        """Return the seconds since the run last logged; None when it has not yet."""
        times = [file.stat().st_mtime for file in find_logs(self.path)]
        if not times:
            return None
        return max(now - max(times), 0.0)

    def last_sample(self) -> dict[str, Any] | None:
        """Return the last whole line of `samples.jsonl`; that of the file before, just after it was rotated."""
        for name in ("samples.jsonl", "samples.1.jsonl"):
            row = _last_line(self.path / name)
            if row:
                return row
        return None

    def _read_events(self, files: list[Path]) -> None:
        """Read TensorBoard's files when one has grown; they have no lines to add, so all of them is read again."""
        stamp = [(str(file), file.stat().st_size) for file in files]
        if stamp != self._stamp:
            self._stamp, self._series = stamp, read_values(self.path)


def _last_line(path: Path) -> dict[str, Any] | None:
    """Return the last whole line of a file, without reading all of it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - LAST_BYTES, 0))
            lines = file.read().split(b"\n")
    except OSError:
        return None
    for line in reversed(lines):
        for row in parse_lines(line):
            return row
    return None
