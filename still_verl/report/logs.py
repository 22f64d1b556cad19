"""Finds the runs that a path holds, and reads their numbers: one reader for whatever looks for alarms in a log."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from still_verl.monitor.jsonl import json_lines
from still_verl.report.console_log import console_rows, is_console_log
from still_verl.report.metrics import Values, add_row, is_events, read_events

OURS, FILE, EVENTS, CONSOLE = "still_verl's metrics.jsonl", "verl's file logger", "TensorBoard", "verl's console"
LOOKED_FOR = f"{OURS}, {FILE} (*.jsonl), {EVENTS} (*.tfevents.*), {CONSOLE} (*.log, *.txt, *.out)"
CONSOLE_NAMES = (".log", ".txt", ".out")
SEARCHED = 3  # levels of folders below the path


@dataclass(frozen=True)
class Log:
    """The log of one run.

    Attributes:
        path: the folder of a run, or the file.
        format: who wrote it.
        files: that hold its numbers, in the order in which they were written.
    """

    path: Path
    format: str
    files: tuple[Path, ...]

    def series(self) -> dict[str, Values]:
        """Read every metric: values by step, in order.

        Raises:
            ValueError: they are TensorBoard files, and the package tensorboard is missing.
        """
        series: dict[str, Values] = {}
        for file in self.files:
            if self.format == EVENTS:
                read_events(series, file)
            else:
                rows = console_rows(file) if self.format == CONSOLE else json_lines(file)
                for row in rows:
                    add_row(series, row)
        return {key: dict(sorted(values.items())) for key, values in series.items()}


def find_runs(path: Path) -> list[Log]:
    """Find the runs of a folder, each once, or the run of a file; none if nothing is recognised.

    A run that logged in several formats is read in the first of the order of `LOOKED_FOR`.
    """
    if path.is_file():
        log = _log_of(path)
        return [log] if log else []
    by_folder: dict[Path, list[Log]] = defaultdict(list)
    for file in _files(path):
        log = _log_of(file)
        if log:
            by_folder[file.parent].append(log)
    runs: list[Log] = []
    for folder, logs in sorted(by_folder.items()):
        ours = any(run.format == OURS and folder.is_relative_to(run.path) for run in runs)
        if not ours:  # else these are another copy of its numbers
            runs += _runs_of(folder, logs)
    return runs


def _files(path: Path) -> Iterator[Path]:
    for depth in range(SEARCHED + 1):
        for file in sorted(path.glob("*/" * depth + "*")):
            if file.is_file():
                yield file


def _log_of(file: Path) -> Log | None:
    if is_events(file):
        return Log(file, EVENTS, (file,))
    if file.suffix == ".jsonl":
        return _json_log(file)
    if file.suffix in CONSOLE_NAMES and is_console_log(file):
        return Log(file, CONSOLE, (file,))
    return None


def _json_log(file: Path) -> Log | None:
    first = next(json_lines(file), {})
    if isinstance(first.get("data"), dict) and "step" in first:
        return Log(file, FILE, (file,))
    if file.name == "metrics.jsonl" and "step" in first:
        return Log(file.parent, OURS, (file,))
    return None


def _runs_of(folder: Path, logs: list[Log]) -> list[Log]:
    """Return the runs of one folder: TensorBoard files of a folder are one run, each other log is its own."""
    for wanted in (OURS, FILE, EVENTS, CONSOLE):
        found = [log for log in logs if log.format == wanted]
        if found and wanted == EVENTS:
            return [Log(folder, EVENTS, tuple(log.path for log in found))]
        if found:
            return found
    return []
