"""`metrics.jsonl` of a run folder: append-only, one line a step."""

import json
from pathlib import Path
from typing import Any


class MetricsFile:
    """A tracker for verl's `Tracking.logger`: one JSON object a line, `step` first, numbers as verl logged them."""

    def __init__(self, run_dir: Path) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self._file = (run_dir / "metrics.jsonl").open("a", buffering=1)

    def log(self, data: dict[str, Any], step: int) -> None:
        self._file.write(json.dumps({"step": step} | {key: _plain(value) for key, value in data.items()}) + "\n")

    def finish(self) -> None:
        self._file.close()


def _plain(value: Any) -> Any:
    """numpy and torch scalars as Python numbers; what is no number as text."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """Every complete line of a run's metrics; a last line torn by a kill is skipped."""
    rows = []
    for line in (run_dir / "metrics.jsonl").read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows
