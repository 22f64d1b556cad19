"""Runs the detectors of alarms over the logs of runs that are over, whoever wrote them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from still_verl.monitor.alarms import Alarm, scan
from still_verl.monitor.alarms.detectors import SEVERITIES
from still_verl.monitor.alarms.signals import SIGNALS, family_member
from still_verl.report.logs import LOOKED_FOR, Log, find_runs
from still_verl.report.metrics import Values


@dataclass(frozen=True)
class Diagnosis:
    """What was found in one run.

    Attributes:
        run: the path of its folder or file.
        format: who wrote the log.
        steps: that it has.
        recognised: metrics that were read, by the signal that they are.
        unknown: how many other metrics there are.
        findings: one for each alarm, the worst first: its worst severity and evidence, and the step at which it began.
    """

    run: str
    format: str
    steps: int
    recognised: dict[str, list[str]]
    unknown: int
    findings: list[Alarm]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def reaches(self, severity: str) -> bool:
        """Return whether a finding is as bad as a severity, or worse."""
        return any(SEVERITIES.index(found.severity) <= SEVERITIES.index(severity) for found in self.findings)


def diagnose(paths: Sequence[Path]) -> list[Diagnosis]:
    """Read every run of some folders and files, and run all detectors.

    Raises:
        ValueError: a path does not exist, or nothing in it was recognised; says what was looked for.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path} does not exist: give the folder of a run, a folder of runs, or a log file")
        logs = find_runs(path)
        if not logs:
            raise ValueError(f"{path} has no log that is recognised; looked for: {LOOKED_FOR}")
        found += [_diagnose(log) for log in logs]
    return found


def rows(series: dict[str, Values]) -> Iterator[dict[str, Any]]:
    """Yield the metrics of each step of a run, as a logger would have written them."""
    steps: dict[int, dict[str, Any]] = {}
    for key, values in series.items():
        for step, value in values.items():
            steps.setdefault(step, {"step": step})[key] = value
    for step in sorted(steps):
        yield steps[step]


def _diagnose(log: Log) -> Diagnosis:
    series = log.series()
    recognised: dict[str, list[str]] = {}
    unknown = 0
    for metric in sorted(series):
        signals = _signals_of(metric)
        unknown += not signals
        for signal in signals:
            recognised.setdefault(signal, []).append(metric)
    steps = {step for values in series.values() for step in values}
    return Diagnosis(str(log.path), log.format, len(steps), recognised, unknown, _findings(scan(rows(series))))


def _signals_of(metric: str) -> list[str]:
    member = family_member(metric)
    if member is not None:
        return [member]
    return [name for name, signal in SIGNALS.items() if signal.read({metric: 1.0}) is not None]


def _findings(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Return one finding for each alarm, the worst first."""
    by_name: dict[str, Alarm] = {}
    for alarm in alarms:
        known = by_name.setdefault(alarm.name, alarm)
        if SEVERITIES.index(alarm.severity) < SEVERITIES.index(known.severity):
            by_name[alarm.name] = Alarm(alarm.name, alarm.severity, known.step, alarm.evidence, alarm.advice)
    return sorted(by_name.values(), key=lambda alarm: (SEVERITIES.index(alarm.severity), alarm.step))
