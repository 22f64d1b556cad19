"""The numbers of a run: still_verl's `metrics.jsonl`, verl's file logger, or TensorBoard event files."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import finite, json_lines

SEARCHED = 2  # levels of folders below a run in which foreign logs are looked for
Values = dict[int, float | None]  # by step; None is NaN or infinite


def read_values(path: Path) -> dict[str, Values]:
    """Every numeric metric of a run folder, or of one log file; empty when there is none."""
    files = find_logs(path)
    if files and is_events(files[0]):
        return _read_events(files)
    return _collect(row for file in files for row in json_lines(file))


def find_logs(path: Path) -> list[Path]:
    """What the numbers of a run are read from: JSONL files or TensorBoard files, never both."""
    log = path if path.is_file() else path / "metrics.jsonl"
    return [log] if log.is_file() else _event_files(path) or _file_logs(path)


def add_row(series: dict[str, Values], row: dict[str, Any]) -> None:
    """Add a line of ours, or of verl's file logger, whose metrics lie under `data`.

    A resumed run logs some steps twice: the later line is what the training went on from.
    """
    step, data = row.get("step"), row.get("data")
    if not isinstance(step, int):
        return
    for key, value in (data if isinstance(data, dict) else row).items():
        # verl's file logger writes NaN as null.
        if key != "step" and (value is None or isinstance(value, int | float)):
            series.setdefault(key, {})[step] = finite(value)


def _collect(rows: Iterable[dict[str, Any]]) -> dict[str, Values]:
    series: dict[str, Values] = {}
    for row in rows:
        add_row(series, row)
    return {key: dict(sorted(values.items())) for key, values in series.items()}


def _file_logs(path: Path) -> list[Path]:
    """Files of verl's file logger below a folder: its lines have `data`, those of its rollout dumps do not."""
    found = [file for depth in range(SEARCHED + 1) for file in path.glob("*/" * depth + "*.jsonl")]
    return sorted(file for file in found if any("data" in row for row in islice(json_lines(file), 1)))


def is_events(path: Path) -> bool:
    return ".tfevents." in path.name


def _event_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.tfevents.*"))


def _read_events(files: list[Path]) -> dict[str, Values]:
    """Scalars of TensorBoard files; a folder of files, as a resumed run leaves it, is one run.

    Raises:
        ValueError: the package tensorboard is missing.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise ValueError(f"{files[0]} is a TensorBoard file: pip install tensorboard") from error
    series: dict[str, Values] = {}
    for file in files:
        events = EventAccumulator(str(file), size_guidance={"scalars": 0}).Reload()
        for tag in events.Tags()["scalars"]:
            series.setdefault(tag, {}).update({event.step: finite(event.value) for event in events.Scalars(tag)})
    return {key: dict(sorted(values.items())) for key, values in series.items()}
