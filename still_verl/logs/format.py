"""What a format of logs is, and what the log of one run is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from still_verl.logs.files import Notes, lines, unpacked_name

Row = dict[str, Any]  # what was logged at once: a step, and values by metric
FIRST_ROWS = 200  # lines in which the first row of a log is looked for


@dataclass(frozen=True)
class Log:
    """The log of one run.

    Attributes:
        path: what a person would give: the folder of a run, or a file.
        format: a name of `registries.FORMATS`, or the dotted name of a user's.
        files: that hold its numbers, in the order in which they were written.
        name: of the run, as its logger knows it; empty for one that keeps no name.
        key: logs of one format with the same key are parts of one run.
        total: steps that the run is to have; None where the log does not say.
        notes: about how it was found, in words.
    """

    path: Path
    format: str
    files: tuple[Path, ...]
    name: str = ""
    key: tuple[str, ...] = ()
    total: int | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def label(self) -> str:
        """What a person gives for this run alone: its path, with its name if that is a file of several runs."""
        if self.name and self.path.is_file():
            return f"{self.path}#{self.name}"
        return str(self.path)


class LogFormat:
    """A kind of log. Subclasses say how it is recognised, and what it says.

    Attributes:
        title: who writes it, in words.
        patterns: names of its files, for people, and to leave out other files of a folder early.
        owns_folder: whether the folder of a run has nothing of another run in it.
    """

    title: ClassVar[str] = ""
    owns_folder: ClassVar[bool] = False
    patterns: ClassVar[Sequence[str]] = ("*",)

    def find(self, path: Path) -> list[Log]:
        """Return the runs that a file is the log of, or a part of; none if it is of another format.

        `format` of each is filled in by the caller.

        Raises:
            OSError: the file cannot be read.
        """
        raise NotImplementedError

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        """Yield what a run logged, in the order in which it did; `step` of a row is its step.

        Raises:
            OSError: a file cannot be read.
        """
        raise NotImplementedError

    def fits(self, path: Path) -> bool:
        """Return whether the name of a file is one of this format."""
        name = unpacked_name(path)
        return any(fnmatch(name, pattern) for pattern in self.patterns)


class LineFormat(LogFormat):
    """A kind of log in which a line is all that was logged at once. `watch` reads of it only what was added."""

    def row(self, line: str) -> Row | None:
        """Read a line; None for one that is no row of this format."""
        raise NotImplementedError

    def is_first(self, row: Row, path: Path) -> bool:
        """Return whether a row shows that the log is of this format."""
        return True

    def could_be(self, line: str) -> bool:
        """Return whether a line is worth a look; False ends the search."""
        return "\0" not in line

    searched: ClassVar[int] = FIRST_ROWS

    def find(self, path: Path) -> list[Log]:
        for line in islice(lines(path, Notes()), self.searched):
            if not self.could_be(line):
                return []
            row = self.row(line)
            if row is not None and self.is_first(row, path):
                return [Log(path, "", (path,))]
        return []

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            for line in lines(file, notes):
                row = self.row(line)
                if row is not None:
                    yield row
                elif self.missed(line):
                    notes.add("lines that could not be read: {n}")

    def missed(self, line: str) -> bool:
        """Return whether a line that is no row should have been one."""
        return bool(line.strip())


def distinct_names(runs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name for each of some runs (id, name): its own, with its id where another has the same.

    Example:
        >>> distinct_names([("1", "a"), ("2", "a"), ("3", "b"), ("4", "")])
        ['a (1)', 'a (2)', 'b', '4']
    """
    names = [name for _, name in runs]
    found = []
    for run_id, name in runs:
        if not name:
            found.append(run_id)
        elif names.count(name) > 1:
            found.append(f"{name} ({run_id})")
        else:
            found.append(name)
    return found


def rows_of_points(points: Iterable[tuple[int, str, Any]]) -> Iterator[Row]:
    """Make rows of single values (step, metric, value): those that follow each other and have one step are a row.

    Example:
        >>> list(rows_of_points([(1, "a", 0.5), (1, "b", 2), (2, "a", 0.6)]))
        [{'step': 1, 'a': 0.5, 'b': 2}, {'step': 2, 'a': 0.6}]
    """
    row: Row = {}
    for step, metric, value in points:
        if row and (row["step"] != step or metric in row):
            yield row
            row = {}
        row["step"] = step
        row[metric] = value
    if row:
        yield row
