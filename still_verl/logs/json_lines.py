"""Logs in which each line is a JSON object: ours, verl's `file` logger, the history of a wandb run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from still_verl.logs.format import LineFormat, Log, Row
from still_verl.logs.known import has_known
from still_verl.logs.series import STEP_NAMES
from still_verl.monitor.metric_names import SUPERVISED


class JsonLines(LineFormat):
    """Any log of JSON objects with a step and a metric that is known."""

    title = "JSON lines with a step, as the history of a wandb run"
    patterns: ClassVar[Sequence[str]] = ("*.jsonl", "*.ndjson")

    def row(self, line: str) -> Row | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):  # torn, or nested beyond what Python can read
            return None
        return row if isinstance(row, dict) else None

    def is_first(self, row: Row, path: Path) -> bool:
        return any(name in row for name in STEP_NAMES) and has_known(row)


class VerlFile(JsonLines):
    """The log of verl's `file` logger: metrics lie under `data`."""

    title = "verl's file logger"
    patterns: ClassVar[Sequence[str]] = ("*.jsonl",)

    def row(self, line: str) -> Row | None:
        row = super().row(line)
        if row is None or not isinstance(row.get("data"), dict):
            return None
        return {"step": row.get("step")} | row["data"]

    def is_first(self, row: Row, path: Path) -> bool:
        return row["step"] is not None


class OwnFolder(JsonLines):
    """A log of ours. Its run is the folder, which has samples and the configuration too."""

    owns_folder = True

    def find(self, path: Path) -> list[Log]:
        if not self.fits(path):
            return []
        return [Log(path.parent, "", log.files) for log in super().find(path)]


class Still(OwnFolder):
    """The log of our trainer modes."""

    title = "still_verl's metrics.jsonl"
    patterns = ("metrics.jsonl",)

    def is_first(self, row: Row, path: Path) -> bool:
        # One without a step is a log of the user's own in our file's name; its rows are counted.
        return "data" not in row and ("step" in row or has_known(row))


class Supervised(OwnFolder, VerlFile):
    """The log of supervised training with a recipe of ours, a file for each start of the job."""

    title = "metrics.jsonl of supervised training"
    patterns = ("metrics.jsonl", "metrics_*.jsonl")

    def is_first(self, row: Row, path: Path) -> bool:
        return super().is_first(row, path) and SUPERVISED in row


STILL, SUPERVISED_RUN, VERL_FILE, HISTORY = Still(), Supervised(), VerlFile(), JsonLines()
