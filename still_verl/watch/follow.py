"""Reads a run that is still training: each read takes only what was added since the last one, where the format can."""

import codecs
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from still_verl.logs.files import GZIP, changes, head, last_change
from still_verl.logs.find import Finder, looked_for
from still_verl.logs.format import LineFormat, Log
from still_verl.logs.read import read_log
from still_verl.logs.registries import FORMATS
from still_verl.logs.series import Series, Values
from still_verl.monitor.jsonl import parse_lines
from still_verl.report.alarms import AlarmSeries
from still_verl.report.diagnosis import not_recognised
from still_verl.report.read import read_about
from still_verl.report.run import Run

LAST_BYTES = 1 << 18  # of a sample file, in which its last line is looked for
PIECE = 1 << 24  # bytes that are read at once
LISTED = 10  # runs of a folder that are named
NO_TAIL = (GZIP, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # how files begin whose lines cannot be read by themselves


class Tail:
    """The lines that are added to a file. A file that was replaced or cut is read from its beginning.

    Attributes:
        begun: how often the file was read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = 0
        self._offset, self._inode = 0, -1

    def read(self) -> Iterator[str]:
        """Yield new whole lines, each with its line break.

        What comes after the last line break may still be in writing: it is left for later.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            self._rewind()
            file.seek(self._offset)
            while True:
                whole, line_break, _ = file.read(PIECE).rpartition(b"\n")
                if not line_break:
                    return
                text = (whole + line_break).decode("utf-8", "replace")
                if self._offset == 0:
                    text = text.removeprefix("\ufeff")
                self._offset += len(whole) + 1
                file.seek(self._offset)
                for line in text.split("\n")[:-1]:
                    yield f"{line}\n"

    def _rewind(self) -> None:
        found = self.path.stat()
        if found.st_ino != self._inode or found.st_size < self._offset:
            self._offset, self._inode = 0, found.st_ino
            self.begun += 1


class Reading:
    """The numbers of a log that grows, and its alarms."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._series = Series()
        self._alarms = AlarmSeries()
        self._rewinds = 0
        self._changes: list[tuple[str, int, int]] = []
        self._tail: Tail | None = None
        form = FORMATS.find(log.format)
        if isinstance(form, LineFormat) and len(log.files) == 1:
            (file,) = log.files
            if not head(file, 2, unpack=False).startswith(NO_TAIL):
                self._form, self._tail = form, Tail(file)

    @property
    def notes(self) -> list[str]:
        """What was left out so far, in words."""
        return [*self.log.notes, *self._series.notes.texts()]

    @property
    def evidence(self) -> dict[str, str]:
        """What was seen, by alarm."""
        return self._alarms.evidence

    def look(self) -> dict[str, Values]:
        """Read what is new, and return all numbers by metric and step, alarms among them."""
        if self._tail is not None:
            self._read_lines(self._tail)
        else:
            self._read_again()
        if self._series.rewinds != self._rewinds:  # what detectors saw is not what the run went on from
            self._rewinds, self._alarms = self._series.rewinds, AlarmSeries()
        values = dict(self._series.values)
        return values | self._alarms.update(values)

    def _read_lines(self, tail: Tail) -> None:
        begun = tail.begun
        for line in tail.read():
            if tail.begun != begun:
                begun = tail.begun
                self._series, self._alarms = Series(), AlarmSeries()
            row = self._form.row(line)
            if row is not None:
                self._series.add(row)
            elif self._form.missed(line):
                self._series.notes.add("lines that could not be read: {n}")

    def _read_again(self) -> None:
        """Read files that have no lines to add when one of them has grown."""
        found = changes(self.log.files)
        if found != self._changes:
            self._changes, self._series = found, read_log(self.log)


class Follower:
    """A run as far as it has come. It may not exist yet."""

    def __init__(self, path: Path, formats: Sequence[str] = ()) -> None:
        self.path = path.absolute()
        self.name = "/".join(self.path.parts[-2:])
        self.formats = tuple(formats)
        self._finder = Finder(self.path, formats)
        self._reading: Reading | None = None

    @property
    def ended(self) -> bool:
        """Whether the log cannot grow, because it is compressed."""
        log = self._log()
        return log is not None and any(head(file, 2, False).startswith(GZIP) for file in log.files)

    @property
    def waits_for(self) -> str:
        """What is waited for while no log is recognised, in words."""
        return looked_for(self.formats)

    def look(self) -> Run:
        """Read what is new; the configuration and the advice of alarms are small and are read again.

        Raises:
            ValueError: the path holds several runs, or is a binary file that is no log.
        """
        self._choose()
        if self._reading is None:
            return read_about(Log(self.path, "", ()), self.name, {})
        series = self._reading.look()
        run = read_about(self._reading.log, self.name, series, self._reading.notes)
        run.evidence.update(self._reading.evidence)
        return run

    def age(self, now: float | None = None) -> float | None:
        """Return the seconds since the run last logged; None when it has not yet."""
        log = self._log()
        changed = last_change(log.files) if log is not None else None
        if changed is None:
            return None
        return max((now or time.time()) - changed, 0.0)

    def last_sample(self) -> dict[str, Any] | None:
        """Return the last whole line of `samples.jsonl`; that of the file before, just after it was rotated."""
        log = self._log()
        folder = self.path if log is None else log.path
        for name in ("samples.jsonl", "samples.1.jsonl"):
            row = _last_line(folder / name)
            if row:
                return row
        return None

    def _log(self) -> Log | None:
        return None if self._reading is None else self._reading.log

    def _choose(self) -> None:
        """Choose the run that is followed: the only one there is. Later files of it, as after a resume, are added."""
        logs = self._finder.find().logs
        known = self._log()
        if known is not None:
            logs = [log for log in logs if (log.format, log.label) == (known.format, known.label)]
        if len(logs) > 1:
            raise ValueError(_several(self.path, logs))
        if logs and (known is None or logs[0].files != known.files):
            self._reading = Reading(logs[0])
        if not logs and known is None and self.path.is_file() and b"\0" in head(self.path, PIECE >> 10):
            raise ValueError(not_recognised(self.path, self.formats))


def _several(path: Path, logs: Sequence[Log]) -> str:
    """Say that a run must be chosen, and name the newest first."""
    newest = sorted(logs, key=lambda log: last_change(log.files) or 0.0, reverse=True)
    names = [log.label for log in newest[:LISTED]]
    if len(newest) > LISTED:
        names.append(f"and {len(newest) - LISTED} more")
    return f"{path} has {len(logs)} runs, give one of them: {', '.join(names)}"


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
