"""mlflow with files, `mlruns/EXPERIMENT/RUN/metrics/...`: one for each metric, with lines "time value step"."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from still_verl.logs.files import Notes, lines
from still_verl.logs.format import Log, LogFormat, Row, rows_of_points
from still_verl.logs.mlflow_sqlite import original_name
from still_verl.logs.series import as_number, whole_number

METRICS = 10_000  # files of a run; what is more is left out
Point = tuple[int, int, str, float]  # time, step, metric, value


class MlflowFiles(LogFormat):
    """The folder of a run, which is recognised by its `meta.yaml`."""

    title = "mlflow's folder of files"
    patterns = ("meta.yaml",)
    owns_folder = True

    def find(self, path: Path) -> list[Log]:
        folder = path.parent
        if path.name != "meta.yaml" or not (folder / "metrics").is_dir():
            return []
        meta = _meta(path)
        if not meta.get("run_id") or meta.get("lifecycle_stage") == "deleted":
            return []
        files = sorted(file for file in (folder / "metrics").rglob("*") if file.is_file())
        return [Log(folder, "", tuple(files[:METRICS]), str(meta.get("run_name") or ""), key=(str(folder),))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        points: list[Point] = []
        for file in log.files:
            key = original_name(str(file.relative_to(log.path / "metrics")))
            points += _points(file, key, notes)
        # What was logged at once has one time, or nearly; a resumed run goes back in its steps, not in time.
        points.sort()
        yield from rows_of_points((step, key, value) for _, step, key, value in points)


def _points(file: Path, key: str, notes: Notes) -> Iterator[Point]:
    for line in lines(file, notes):
        parts = line.split()
        if len(parts) == 3:
            time, value, step = whole_number(parts[0]), as_number(parts[1]), whole_number(parts[2])
            if time is not None and value is not None and step is not None:
                yield time, step, key, value
                continue
        notes.add("lines that could not be read: {n}")


def _meta(path: Path) -> dict[str, Any]:
    text = "".join(islice(lines(path, Notes()), 200))
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


MLFLOW_FILES = MlflowFiles()
