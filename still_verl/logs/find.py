"""Finds the runs that a path holds, each once, and says what was left out."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from still_verl.logs.files import Notes
from still_verl.logs.format import Log
from still_verl.logs.registries import FORMATS
from still_verl.logs.same_run import Print, lies_in, print_of, same_run

LEVELS = 12  # of folders below the path
EVERY_S = 2.0
FILES = 200_000  # that are looked at; what is more is left out
DUMP = "verl_dump"  # only read alone: beside a log it has the samples of that run
CHOOSE = "#"  # between the path of a file with several runs and the name of one


class NoSuchPathError(ValueError):
    """A path that was given does not exist."""


@dataclass
class Found:
    """The runs of a path.

    Attributes:
        logs: of each run, ordered by path.
        notes: what was left out, in words.
    """

    logs: list[Log] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def looked_for(formats: tuple[str, ...] = ()) -> str:
    """Say what a log may be: the title and the file names of each format."""
    parts = []
    for name in formats or FORMATS:
        found = FORMATS.find(name)
        names = [pattern for pattern in found.patterns if pattern not in found.title]
        parts.append(f"{found.title} ({', '.join(names)})" if names else found.title)
    return "; ".join(parts)


def find_runs(path: Path, formats: tuple[str, ...] = ()) -> Found:
    """Find the runs of a folder or of a file; none if nothing is recognised.

    Args:
        path: a folder, a file, or `FILE#NAME` for one run of a file of several.
        formats: names to look for; all, if there are none.

    Raises:
        NoSuchPathError: the path does not exist.
        ValueError: it is a pipe or a device, or its file has no run of that name.
        ConfigError: there is no such format.
    """
    for name in formats:
        FORMATS.find(name)
    file, chosen = _split(path)
    if not file.is_dir() and not file.is_file():  # a pipe would be waited for, and can be read only once
        raise ValueError(f"{file} is a pipe or a device: give the folder of a run, or a log file")
    notes = Notes()
    parts: list[Log] = []
    for candidate in _files(file, notes):
        parts += _recognise(candidate, formats or tuple(FORMATS), notes, named=candidate == file)
    logs = [log for log in _whole(parts) if chosen in ("", log.name)]
    if chosen and not logs:
        names = ", ".join(log.name for log in _whole(parts))
        raise ValueError(f"{file} has no run called {chosen!r}: it has {names or 'none that is recognised'}")
    return Found(_each_once(logs, notes), notes.texts())


class Finder:
    """Finds the runs of a path again and again, as they begin; not more often than each `EVERY_S` seconds."""

    def __init__(self, path: Path, formats: Sequence[str] = ()) -> None:
        self.path, self.formats = path, tuple(formats)
        self._found = Found()
        self._next = 0.0

    def find(self) -> Found:
        """Return the runs; none while the path does not exist."""
        now = time.monotonic()
        if now >= self._next or not self._found.logs:
            try:
                self._found = find_runs(self.path, self.formats)
            except NoSuchPathError:
                self._found = Found()
            # Longer after a long search.
            self._next = now + max(EVERY_S, 10 * (time.monotonic() - now))
        return self._found


def _split(path: Path) -> tuple[Path, str]:
    if path.exists():
        return path, ""
    text, mark, name = str(path).rpartition(CHOOSE)
    if mark and Path(text).is_file():
        return Path(text), name
    raise NoSuchPathError(f"{path} does not exist: give the folder of a run, a folder of runs, or a log file")


def _files(path: Path, notes: Notes) -> Iterator[Path]:
    """Yield the files of a folder and below, each once, whatever links lead to it."""
    if not path.is_dir():
        yield path
        return
    seen: set[str] = set()
    pending = [(path, 0)]
    count = 0
    while pending:
        folder, depth = pending.pop(0)
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        folders, files = _entries(folder, notes)
        for file in files:
            target = os.path.realpath(file) if file.is_symlink() else f"{real}/{file.name}"
            if target in seen:
                continue
            seen.add(target)
            count += 1
            if count > FILES:
                notes.add(f"only the first {FILES:,} files were looked at")
                return
            yield file
        if depth < LEVELS:
            pending += [(below, depth + 1) for below in folders]
        elif folders:
            notes.add(f"folders more than {LEVELS} levels below were not looked at")


def _entries(folder: Path, notes: Notes) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files of a folder in order; links last, so that what they lead to keeps its name."""
    try:
        entries = sorted(os.scandir(folder), key=_links_last)
    except OSError as error:
        notes.add(f"{folder} could not be read: {error.strerror}")
        return [], []
    folders, files = [], []
    for entry in entries:
        path = Path(entry.path)
        if path.is_dir():
            folders.append(path)
        elif path.is_file():  # else a socket, a pipe, or a link to nothing or to itself
            files.append(path)
    return folders, files


def _links_last(entry: os.DirEntry[str]) -> tuple[bool, str]:
    return entry.is_symlink(), entry.name


def _recognise(file: Path, formats: tuple[str, ...], notes: Notes, named: bool) -> list[Log]:
    """Return what a file is the log of. One that a person named may be called anything."""
    if not named and file.name.startswith("."):
        return []
    by_name = [name for name in formats if FORMATS.find(name).fits(file)]
    others = [name for name in formats if name not in by_name]
    for name in [*by_name, *others] if named else by_name:
        try:
            logs = FORMATS.find(name).find(file)
        except OSError as error:
            notes.add(f"{file} could not be read: {error.strerror or error}")
            return []
        if logs:
            return [replace(log, format=name) for log in logs]
    return []


def _whole(parts: list[Log]) -> list[Log]:
    """Put logs together that are parts of one run."""
    runs: dict[tuple[str, ...], Log] = {}
    for log in parts:
        key = (log.format, *(log.key or (log.label,)))
        known = runs.get(key)
        if known is None:
            runs[key] = log
        else:
            total = log.total if log.total is not None else known.total
            runs[key] = replace(log, files=(*known.files, *log.files), total=total)
    return sorted(runs.values(), key=_place)


def _place(log: Log) -> tuple[str, str]:
    return str(log.path), log.name


def _each_once(logs: list[Log], notes: Notes) -> list[Log]:
    """Leave out logs of a run of which another log is read; of dumps all, if there is another log."""
    order = list(FORMATS)
    logged = [log for log in logs if log.format != DUMP]
    if not logged:
        return logs
    for dump in logs:
        # In the folder of a run they are its samples, which a report shows.
        if dump.format == DUMP and not any(lies_in(dump, run) for run in logged):
            notes.add("folders of samples (verl's dumps), which are not read where there are logs: {n}")
    if len({log.format for log in logged}) == 1:
        return logged
    kept: list[tuple[Log, Print]] = []
    others: dict[str, list[str]] = defaultdict(list)  # of each run that is kept, where else it is logged
    for log in sorted(logged, key=lambda log: order.index(log.format) if log.format in order else -1):
        found = print_of(log)
        same = [run for run, known in kept if run.format != log.format and same_run(run, known, log, found)]
        if same:
            others[same[0].label].append(f"{_within(log, same[0])} ({log.format})")
        else:
            kept.append((log, found))
    return sorted((_with_note(log, others[log.label]) for log, _ in kept), key=_place)


def _with_note(log: Log, others: list[str]) -> Log:
    if not others:
        return log
    note = f"{log.format} is read; the same run is logged in {', '.join(others)}"
    return replace(log, notes=(*log.notes, note))


def _within(log: Log, run: Log) -> str:
    """Return how a log is called, within the folder of the run where it is there."""
    path = Path(log.label)
    if path.is_relative_to(run.path):
        path = path.relative_to(run.path)
    return str(path)
