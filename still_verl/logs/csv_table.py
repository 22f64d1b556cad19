"""Tables: the CSV of a wandb chart, with a column for each run, and any with a column of steps."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from still_verl.logs.files import Notes, lines
from still_verl.logs.format import Log, LogFormat, Row
from still_verl.logs.hugging_face import trainer_names
from still_verl.logs.known import has_known
from still_verl.logs.series import STEP_NAMES

SEPARATORS = (",", ";", "\t")
STEPS = set(STEP_NAMES)
RUN = " - "  # between the name of a run and the metric, in the heads of a chart's columns
RANGES = ("__MIN", "__MAX")  # of a chart of several runs as one
EMPTY = ("", "null", "None")  # a metric that a row does not have

csv.field_size_limit(1 << 24)


class CsvTable(LogFormat):
    """The export of a chart, or `run.history().to_csv()`."""

    title = "CSV of wandb, or with a column of steps"
    patterns = ("*.csv", "*.tsv")

    def find(self, path: Path) -> list[Log]:
        heads = _heads(path)
        if not any(name in STEP_NAMES for name in heads):
            return []
        if has_known(trainer_names(dict.fromkeys(heads, 1.0))):
            return [Log(path, "", (path,))]
        runs: dict[str, bool] = {}
        for head in heads:
            run, metric = _of_run(head)
            if run and has_known(trainer_names({metric: 1.0, "train/epoch": 0})):
                runs[run] = True
        return [Log(path, "", (path,), run, key=(str(path), run)) for run in runs]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            heads: list[str] = []
            for cells in _table(file, notes):
                if not heads or not STEPS.isdisjoint(
                    cells
                ):  # columns that were added on the way have heads of their own
                    heads = [head.strip() for head in cells]
                elif len(cells) > len(heads):
                    notes.add("rows left out, with more cells than the table has columns: {n}")
                elif cells:
                    yield trainer_names(_row(heads, cells, log.name))


def _row(heads: list[str], cells: list[str], run: str) -> Row:
    """Return what a line says of one run, or of the only one. An empty cell is no value; what is missing neither."""
    row: Row = {}
    for head, cell in zip(heads, cells, strict=False):
        value = cell.strip()
        if value in EMPTY:
            continue
        if head in STEP_NAMES or not run:
            row[head] = value
            continue
        name, metric = _of_run(head)
        if name == run:
            row[metric] = value
    return row


def _of_run(head: str) -> tuple[str, str]:
    """Return the run and the metric of a chart's column; no run for one that is none, or a range."""
    run, dash, metric = head.rpartition(RUN)
    if not dash or metric.endswith(RANGES):
        return "", ""
    return run, metric


def _heads(path: Path) -> list[str]:
    return [head.strip() for head in next(_table(path, Notes()), [])]


def _table(path: Path, notes: Notes) -> Iterator[list[str]]:
    rows = lines(path, notes)
    first = next(rows, "")
    if "\0" in first:
        return
    separator = max(SEPARATORS, key=first.count)
    texts = (line.replace("\0", "") for line in chain([first], rows))
    yield from csv.reader(texts, delimiter=separator)


CSV = CsvTable()
