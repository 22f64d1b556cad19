"""`diagnose`: what went wrong in a run that is over, whoever logged it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from still_verl.cli.output import console, stop

if TYPE_CHECKING:
    from still_verl.report.diagnosis import Diagnosis


def diagnose(
    logs: Annotated[list[Path], typer.Argument(help="Folders of runs, or log files: ours, verl's, TensorBoard's.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of runs with their findings.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables for an issue.")] = False,
    fail_on: Annotated[str | None, typer.Option(help="Exit with 1 at such a finding: critical, warning, info.")] = None,
) -> None:
    """Look for alarms in the log of any run: what was seen, from which step on, and what to do."""
    from still_verl.config_errors import ConfigError, one_of
    from still_verl.monitor.alarms.detectors import SEVERITIES
    from still_verl.report.diagnosis import diagnose as run_diagnosis

    try:
        if fail_on is not None:
            one_of("--fail-on", fail_on, SEVERITIES)
        found = run_diagnosis(logs)
    except (ConfigError, ValueError, OSError) as error:
        stop(str(error))
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            lines = _markdown(each) if markdown else _text(each)
            console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    if fail_on is not None and any(each.reaches(fail_on) for each in found):
        raise typer.Exit(1)


def _head(found: "Diagnosis") -> str:
    known = sum(len(metrics) for metrics in found.recognised.values())
    return f"{found.run}: {found.format}, {found.steps} steps; {known} metrics read, {found.unknown} others"


def _text(found: "Diagnosis") -> list[str]:
    lines = [_head(found)]
    for alarm in found.findings:
        lines.append(f"  {alarm.severity.upper()} {alarm.name}, from step {alarm.step}: {alarm.evidence}")
        lines.append(f"    -> {alarm.advice}")
    if not found.findings:
        lines.append("  nothing found")
    lines.append(f"  curves: still-verl report {found.run}")
    return lines


def _markdown(found: "Diagnosis") -> list[str]:
    lines = [f"### {_head(found)}", "", "| severity | alarm | from step | seen | what to do |", "|---|---|---|---|---|"]
    for alarm in found.findings:
        evidence = alarm.evidence.replace("|", "\\|")
        lines.append(f"| {alarm.severity} | {alarm.name} | {alarm.step} | {evidence} | {alarm.advice} |")
    return [*lines, ""]
