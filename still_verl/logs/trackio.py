"""trackio: a data base for each project, with a row for each time that something was logged."""

import json
from collections.abc import Iterator
from pathlib import Path

from still_verl.logs import sqlite
from still_verl.logs.files import Notes
from still_verl.logs.format import Log, LogFormat, Row, distinct_names
from still_verl.logs.hugging_face import trainer_names

COLUMNS = {"run_name", "step", "metrics"}


class Trackio(LogFormat):
    """`PROJECT.db` of `TRACKIO_DIR`, in which `metrics` is text of JSON."""

    title = "trackio"
    patterns = ("*.db",)

    def find(self, path: Path) -> list[Log]:
        columns = sqlite.tables(path).get("metrics", set())
        if not COLUMNS <= columns:
            return []
        run_id = "run_id" if "run_id" in columns else "run_name"  # older files have names only
        query = f"SELECT {run_id}, MIN(run_name) FROM metrics GROUP BY {run_id} ORDER BY MIN(id)"
        with sqlite.opened(path, Notes()) as base:
            runs = [(str(found), str(name or "")) for found, name in base.execute(query)]
        logs = []
        for (found, _), name in zip(runs, distinct_names(runs), strict=True):
            logs.append(Log(path, "", (path,), name, key=(str(path), run_id, found)))
        return logs

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        _, column, run_id = log.key
        query = f"SELECT step, metrics FROM metrics WHERE {column} = ? ORDER BY id"
        for file in log.files:
            with sqlite.opened(file, notes) as base:
                for step, metrics in base.execute(query, (run_id,)):
                    row = _metrics(metrics)
                    if row is None:
                        notes.add("rows that could not be read: {n}")
                    else:
                        yield trainer_names({"_step": step} | row)


def _metrics(data: str | bytes) -> Row | None:
    try:
        row = json.loads(data)
    except (ValueError, RecursionError, TypeError):
        return None
    return row if isinstance(row, dict) else None


TRACKIO = Trackio()
