"""The numbers of a run: still_verl's `metrics.jsonl`, verl's file logger, or TensorBoard event files."""

from pathlib import Path
from typing import Any

from still_verl.monitor.jsonl import finite, json_lines

SEARCHED = 2  # levels of folders below a run in which logs of verl's file logger are looked for
Values = dict[int, float | None]  # by step; None is NaN or infinite


def read_values(path: Path) -> dict[str, Values]:
    """Read every numeric metric of a run folder, or of one log file: values by step, in order; empty without a log.

    Raises:
        ValueError: the logs are TensorBoard files, and the package tensorboard is missing.
    """
    series: dict[str, Values] = {}
    for file in find_logs(path):
        if is_events(file):
            read_events(series, file)
        else:
            for row in json_lines(file):
                add_row(series, row)
    return {key: dict(sorted(values.items())) for key, values in series.items()}


def find_logs(path: Path) -> list[Path]:
    """Find what the numbers of a run are read from: JSONL files or TensorBoard files, never both.

    A run's `metrics.jsonl` is enough; without it TensorBoard files count, and without these verl's file logger.
    """
    log = path
    if not path.is_file():
        log = path / "metrics.jsonl"
    if log.is_file():
        return [log]
    events = sorted(path.rglob("*.tfevents.*"))
    if events:
        return events
    return _file_logs(path)


def add_row(series: dict[str, Values], row: dict[str, Any]) -> None:
    """Add the numbers of a line of `metrics.jsonl`, or of verl's file logger, whose metrics lie under `data`.

    A resumed run logs some steps twice: the later line is what the training went on from.
    """
    step = row.get("step")
    if not isinstance(step, int):
        return
    data = row.get("data")
    if not isinstance(data, dict):
        data = row
    for key, value in data.items():
        # verl's file logger writes NaN as null.
        if key != "step" and (value is None or isinstance(value, int | float)):
            series.setdefault(key, {})[step] = finite(value)


def is_events(path: Path) -> bool:
    """Return whether a file is one of TensorBoard's."""
    return ".tfevents." in path.name


def _file_logs(path: Path) -> list[Path]:
    """Find files of verl's file logger below a folder: their lines have `data`, those of its rollout dumps do not."""
    found = []
    for depth in range(SEARCHED + 1):
        for file in path.glob("*/" * depth + "*.jsonl"):
            first_row = next(json_lines(file), {})
            if "data" in first_row:
                found.append(file)
    return sorted(found)


def read_events(series: dict[str, Values], file: Path) -> None:
    """Add the scalars of a TensorBoard file. A resumed run leaves several, in the order of their names."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        raise ValueError(f"{file} is a TensorBoard file: pip install tensorboard") from error
    # By default a part of the scalars is dropped; 0 keeps them all.
    events = EventAccumulator(str(file), size_guidance={"scalars": 0}).Reload()
    for tag in events.Tags()["scalars"]:
        values = series.setdefault(tag, {})
        for event in events.Scalars(tag):
            values[event.step] = finite(event.value)
