"""The folder of a SwanLab run, `swanlog/run-*/run-ID.swanlab`; before SwanLab 0.8 `backup.swanlab`, with JSON in it."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from still_verl.logs.binary import Message, integer, leveldb_records, messages, parse_message, text
from still_verl.logs.files import Notes, head
from still_verl.logs.format import Log, LogFormat, Row, rows_of_points
from still_verl.logs.hugging_face import trainer_names

MARK = b":SWL"
# Fields of swanlab's record.proto; of its start; of a scalar, and its value.
START, SCALAR = 10, 13
NAME, RUN_ID = 4, 10
KEY, STEP, VALUE, NUMBER = 1, 2, 5, 1
NAME_AMONG = 50  # the first records
HARDWARE = "__swanlab__"  # metrics of its own begin so

Point = tuple[int, str, float | None]


class SwanLab(LogFormat):
    """What SwanLab keeps of a run in every mode that keeps something."""

    title = "SwanLab's folder"
    patterns = ("*.swanlab",)
    owns_folder = True

    def find(self, path: Path) -> list[Log]:
        if head(path, len(MARK)) != MARK:
            return []
        run_id, name = _run_of(path)
        folder = path.parent
        return [Log(folder, "", (path,), name, key=(str(folder.parent), run_id or str(path)))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            points = (point for data in leveldb_records(file, notes) for point in _points(data, notes))
            yield from map(trainer_names, rows_of_points(points))


def _points(data: bytes, notes: Notes) -> Iterator[Point]:
    try:
        if data.startswith(b"{"):
            yield from _json_points(json.loads(data))
        else:
            for scalar in messages(parse_message(data), SCALAR):
                yield from _scalar(scalar)
    except (ValueError, RecursionError):
        notes.add("records that could not be read: {n}")


def _scalar(scalar: Message) -> Iterator[Point]:
    key = text(scalar, KEY)
    for value in messages(scalar, VALUE):
        number = value.get(NUMBER, [0.0])[-1]  # protobuf leaves out a 0
        if isinstance(number, float) and not key.startswith(HARDWARE):
            yield integer(scalar, STEP), key, number


def _json_points(record: Row) -> Iterator[Point]:
    """Yield the point of a record before SwanLab 0.8."""
    data = record.get("data")
    if record.get("model_type") != "Scalar" or not isinstance(data, dict):
        return
    metric = data.get("metric")
    if isinstance(metric, dict) and isinstance(data.get("step"), int):
        yield data["step"], str(data.get("key")), metric.get("data")


def _run_of(path: Path) -> tuple[str, str]:
    """Return the ID of a run and its name."""
    for data in islice(leveldb_records(path, Notes()), NAME_AMONG):
        try:
            if data.startswith(b"{"):
                record = json.loads(data)
                if record.get("model_type") == "Experiment":
                    return str(record["data"].get("id", "")), str(record["data"].get("name") or "")
                continue
            for start in messages(parse_message(data), START):
                return text(start, RUN_ID), text(start, NAME)
        except (ValueError, RecursionError, AttributeError, KeyError):
            continue
    return "", ""


SWANLAB = SwanLab()
