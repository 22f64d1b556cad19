"""mlflow with a data base, which verl takes unless `MLFLOW_TRACKING_URI` says otherwise. It may hold many runs."""

from collections.abc import Iterator
from pathlib import Path

from still_verl.logs import sqlite
from still_verl.logs.files import Notes
from still_verl.logs.format import Log, LogFormat, Row, distinct_names, rows_of_points

COLUMNS = {"key", "value", "timestamp", "run_uuid", "step", "is_nan"}
LARGEST = 1.7e308  # mlflow writes infinity as the largest number
RUNS = """SELECT runs.run_uuid, runs.name FROM runs WHERE runs.lifecycle_stage = 'active'
          AND EXISTS (SELECT 1 FROM metrics WHERE metrics.run_uuid = runs.run_uuid) ORDER BY runs.start_time"""
METRICS = "SELECT step, key, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step"


class Mlflow(LogFormat):
    """`mlruns.db`, `mlflow.db`, or whatever it is called."""

    title = "mlflow's data base"
    patterns = ("*.db", "*.sqlite", "*.sqlite3")

    def find(self, path: Path) -> list[Log]:
        if not COLUMNS <= sqlite.tables(path).get("metrics", set()):
            return []
        with sqlite.opened(path, Notes()) as base:
            runs = [(str(run_id), str(name or "")) for run_id, name in base.execute(RUNS)]
        logs = []
        for (run_id, _), name in zip(runs, distinct_names(runs), strict=True):
            logs.append(Log(path, "", (path,), name, key=(str(path), run_id)))
        return logs

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            with sqlite.opened(file, notes) as base:
                yield from rows_of_points(_points(base.execute(METRICS, (log.key[1],))))


def _points(rows: Iterator[tuple[int, str, float | None, int]]) -> Iterator[tuple[int, str, float | None]]:
    for step, key, value, is_nan in rows:
        broken = is_nan or not isinstance(value, int | float) or abs(value) > LARGEST
        yield step, original_name(str(key)), None if broken else value


def original_name(key: str) -> str:
    """Return the name that verl gave to a metric: mlflow allows no "@" in it.

    Example:
        >>> original_name("val-core/math/acc/mean_at_4")
        'val-core/math/acc/mean@4'
    """
    before, at, after = key.rpartition("_at_")
    if at and after.partition("/")[0].isdigit():
        return f"{before}@{after}"
    return key


MLFLOW = Mlflow()
