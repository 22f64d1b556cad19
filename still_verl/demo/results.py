"""What a demo run learned, read from its folder: a table of its validations, and one problem before and after."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from still_verl.monitor.alarms.detectors import SEVERITIES
from still_verl.monitor.jsonl import json_lines, read_metrics
from still_verl.monitor.metric_names import VERL_ACCURACY

_BAR = 30  # characters of an accuracy of 1
_PROMPT = 200  # characters of a prompt that are shown, its end: worked examples come first


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why, for a user to read."""


@dataclass(frozen=True)
class ValidationResult:
    """One sampled validation.

    Attributes:
        step: it came after this one.
        accuracy: share of its samples that are right, 0..1.
        boxed: share of its samples that have an answer in a box, 0..1.
    """

    step: int
    accuracy: float
    boxed: float


def validations(run: Path) -> list[ValidationResult]:
    """Return the validations of a run, in the order of steps.

    Raises:
        DemoError: the samples of a validation are not in the run folder.
    """
    found = []
    for row in read_metrics(run):
        accuracy = _accuracy(row)
        if accuracy is not None:
            found.append(ValidationResult(row["step"], accuracy, _boxed(_samples(run, row["step"]))))
    return found


def summary(run: Path) -> Table:
    """Draw the validations as a table, with the change from first to last."""
    found = validations(run)
    table = Table(title="Sampled validation on held-out problems", title_justify="left")
    for column in ("after step", "accuracy", "boxed"):
        table.add_column(column, justify="right")
    table.add_column("")
    for result in found:
        bar = "█" * round(_BAR * result.accuracy)
        table.add_row(str(result.step), f"{result.accuracy:.1%}", f"{result.boxed:.1%}", bar)
    gain = 100 * (found[-1].accuracy - found[0].accuracy)
    table.caption = f"{gain:+.1f} points from first to last, {len(_samples(run, found[0].step))} samples each"
    return table


def alarms(run: Path) -> Table:
    """Draw the alarms that the monitor rang, each at its worst."""
    worst: dict[str, dict[str, Any]] = {}
    for row in json_lines(run / "alarms.jsonl"):
        worst[row["name"]] = row  # it rings again when it becomes worse, and only then
    table = Table(title="What the monitor rang", title_justify="left", show_lines=True)
    for column in ("step", "alarm", "severity", "evidence", "what to do"):
        table.add_column(column)
    for row in sorted(worst.values(), key=lambda row: SEVERITIES.index(row["severity"])):
        cells = [row["name"], row["severity"], row["evidence"], row["advice"]]
        table.add_row(str(row["step"]), *map(escape, cells))
    return table


def example(run: Path) -> Table:
    """Show one problem that was wrong in the first validation and right in the last."""
    found = validations(run)
    first, last = found[0].step, found[-1].step
    before, after = _pair(_samples(run, first), _samples(run, last))
    table = Table(title="One problem before and after", title_justify="left", show_lines=True)
    for column in ("prompt", f"after step {first}", f"after step {last}"):
        table.add_column(column)
    table.add_row(escape(before["input"][-_PROMPT:]), escape(before["output"]), escape(after["output"]))
    return table


def _accuracy(row: dict[str, Any]) -> float | None:
    """Return the accuracy that verl logged at a step; None at a step without validation."""
    for key, value in row.items():
        if VERL_ACCURACY.fullmatch(key):
            return float(value)
    return None


def _boxed(samples: list[dict[str, Any]]) -> float:
    boxed = sum(sample["pred"] != "" for sample in samples)
    return boxed / len(samples)


def _samples(run: Path, step: int) -> list[dict[str, Any]]:
    """Read the samples of a validation as verl dumped them."""
    file = run / "validation" / f"{step}.jsonl"
    rows = list(json_lines(file))
    if not rows:
        raise DemoError(f"{file} holds no samples: leave trainer.validation_data_dir as the recipe has it")
    return rows


def _pair(first: list[dict[str, Any]], last: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two answers to one problem, of the problem that gained most. verl's dumps come in no fixed order."""
    latest: dict[str, dict[str, Any]] = {}
    for row in last:  # a problem with several answers is represented by its best
        known = latest.setdefault(row["input"], row)
        if row["acc"] >= known["acc"]:
            latest[row["input"]] = row
    pairs = []
    for row in first:
        if row["input"] in latest:
            pairs.append((row, latest[row["input"]]))
    return max(pairs, key=_gain)


def _gain(pair: tuple[dict[str, Any], dict[str, Any]]) -> float:
    before, after = pair
    return float(after["acc"] - before["acc"])
