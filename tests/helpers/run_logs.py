"""The numbers of the only run of a path, as every reader of logs gets them."""

from pathlib import Path

from still_verl.logs.find import find_runs
from still_verl.logs.read import read_log
from still_verl.logs.series import Values


def values_of(path: Path) -> dict[str, Values]:
    (log,) = find_runs(path).logs
    return read_log(log).values


def notes_of(path: Path) -> list[str]:
    """What is said about that run."""
    (log,) = find_runs(path).logs
    return read_log(log).notes.texts()
