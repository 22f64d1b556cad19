"""What a demo run learned, read from its folder: a table of its validations, and one problem before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
        answered: share of its samples that have an answer where the reward looks for one, 0..1.
        domains: the accuracy of each domain, where there are several.
    """

    step: int
    accuracy: float
    answered: float
    domains: Mapping[str, float] = field(default_factory=dict)


def validations(run: Path) -> list[ValidationResult]:
    """Return the validations of a run, in the order of steps.

    Raises:
        DemoError: the samples of a validation are not in the run folder.
    """
    found = []
    for row in read_metrics(run):
        if _has_validation(row):
            samples = _samples(run, row["step"])
            answered = [sample["pred"] != "" for sample in samples]
            found.append(ValidationResult(row["step"], _accuracy(samples), _mean(answered), _domains(samples)))
    return found


def summary(run: Path) -> Table:
    """Draw the validations as a table, with the change from first to last."""
    found = validations(run)
    table = Table(title="Sampled validation on held-out problems", title_justify="left")
    domains = list(found[0].domains)
    for column in ("after step", "accuracy", *domains, "answered"):
        table.add_column(column, justify="right")
    table.add_column("")
    for result in found:
        shares = [result.accuracy, *map(result.domains.__getitem__, domains), result.answered]
        table.add_row(str(result.step), *map("{:.1%}".format, shares), "█" * round(_BAR * result.accuracy))
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


def _has_validation(row: dict[str, Any]) -> bool:
    """Say whether verl logged the accuracy of a validation at a step."""
    return any(VERL_ACCURACY.fullmatch(key) for key in row)


def _accuracy(samples: Sequence[dict[str, Any]]) -> float:
    return _mean([sample["acc"] for sample in samples])


def _domains(samples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the accuracy of each domain; nothing without routes, or with one."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for sample in samples:
        grouped.setdefault(sample.get("domain") or "", []).append(sample)
    if len(grouped) < 2:
        return {}
    return {name: _accuracy(grouped[name]) for name in sorted(grouped)}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


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
