"""`diagnose`: what went wrong in a run, whoever logged it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from still_verl.cli.output import console, stop

if TYPE_CHECKING:
    from still_verl.monitor.alarms import Alarm
    from still_verl.report.diagnosis import Diagnosis

VERL = ("actor/", "critic/", "response_length/", "val-core/", "still/")  # how metrics of verl's, and ours, begin
EXAMPLES = """
Examples:

[bold]still-verl diagnose runs/[/]  a folder of runs: each of them

[bold]still-verl diagnose train.log --fail-on critical[/]  what verl printed, with Ray's prefix or without; for CI

[bold]still-verl diagnose wandb/offline-run-20261126_070626-b3fhycn7 --json[/]

[bold]still-verl diagnose output/checkpoint-500/trainer_state.json mlruns.db#my_run --markdown[/]
"""


def diagnose(
    logs: Annotated[list[Path], typer.Argument(help="Folders of runs, or log files; FILE#NAME is one run of a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of runs with their findings.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables for an issue.")] = False,
    fail_on: Annotated[str | None, typer.Option(help="Exit with 1 at such a finding: critical, warning, info.")] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="Look for this format only: a name, or a dotted one of yours.")
    ] = None,
) -> None:
    """Look for alarms in the log of any run: what was seen, from which step on, and what to do.

    Reads verl's console, file logger and dumps, TensorBoard, wandb, trackio, mlflow, SwanLab, TRL, and ours; also
    compressed with gzip. Exits with 1 if a path has no log that is recognised, with 0 if nothing is found.
    """
    from still_verl.config_errors import ConfigError, one_of
    from still_verl.monitor.alarms.detectors import SEVERITIES
    from still_verl.report.diagnosis import diagnose as run_diagnosis

    if as_json and markdown:
        stop("--json and --markdown: choose one")
    try:
        if fail_on is not None:
            one_of("--fail-on", fail_on, SEVERITIES)
        found = run_diagnosis(logs, formats or ())
    except ConfigError as error:
        stop(str(error))
    if as_json:
        typer.echo(json.dumps([run.as_json() for run in found.runs], indent=2))
    else:
        for run in found.runs:
            lines = _markdown(run) if markdown else _text(run)
            console.print("\n".join(map(_printable, lines)), highlight=False, markup=False, soft_wrap=True)
    for text in found.notes:
        typer.echo(f"still-verl: {text}", err=True)
    for text in found.missed:
        typer.echo(f"still-verl: {text}", err=True)
    if found.missed or (fail_on is not None and any(run.reaches(fail_on) for run in found.runs)):
        raise typer.Exit(1)


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: names of metrics and runs come from a log."""
    return "".join(character for character in text if character.isprintable())


def _head(found: "Diagnosis") -> str:
    name = f" ({found.name})" if found.name and not found.run.endswith(found.name) else ""
    return f"{found.run}{name}: {found.format}, {found.steps:,} steps"


def _read(found: "Diagnosis") -> str:
    """Say which metrics were read as what, and how many others there are."""
    by_metrics: dict[str, list[str]] = {}
    for signal, metrics in found.recognised.items():
        by_metrics.setdefault(", ".join(metrics), []).append(signal)
    parts = [f"{' and '.join(signals)} from {metrics}" for metrics, signals in by_metrics.items()]
    return f"read: {'; '.join(parts) or 'nothing'} (other metrics, which no detector reads: {found.unknown:,})"


def _text(found: "Diagnosis") -> list[str]:
    from still_verl.report.paste import report_command

    lines = [_head(found), f"  {_read(found)}"]
    lines += [f"  note: {text}" for text in found.notes]
    for alarm in found.findings:
        lines.append(f"  {alarm.severity.upper()} {alarm.name}, from step {alarm.step}: {alarm.evidence}")
        lines.append(f"    -> {alarm.advice}")
        lines += [f"    $ {command}" for command in _training(found, alarm)]
    if not found.findings:
        lines.append("  nothing found")
    return [*lines, f"  $ {report_command(found.run)}"]


def _markdown(found: "Diagnosis") -> list[str]:
    from still_verl.report.paste import report_command

    lines = [f"### {_cell(_head(found))}", "", _cell(_read(found)), *[f"- {_cell(text)}" for text in found.notes], ""]
    if not found.findings:
        return [*lines, "Nothing found.", ""]
    lines += ["| severity | alarm | from step | seen | what to do |", "|---|---|---|---|---|"]
    commands = [report_command(found.run)]
    for alarm in found.findings:
        evidence, advice = _cell(alarm.evidence), _cell(alarm.advice)
        lines.append(f"| {alarm.severity} | {alarm.name} | {alarm.step} | {evidence} | {advice} |")
        commands += _training(found, alarm)
    return [*lines, "", "```", *dict.fromkeys(commands), "```", ""]


def _training(found: "Diagnosis", alarm: "Alarm") -> list[str]:
    """Return the command that trains with what an alarm advises; none for a run that verl did not train."""
    from still_verl.report.paste import training_command

    metrics = [metric for group in found.recognised.values() for metric in group]
    if not any(metric.startswith(VERL) for metric in metrics):
        return []
    command = training_command(found.run, alarm.advice)
    return [command] if command else []


def _cell(text: str) -> str:
    """Return a text that fits into one cell of a table, whatever a run or a metric is called."""
    return " ".join(text.replace("|", "\\|").split())
