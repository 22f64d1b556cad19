"""Runs the detectors of alarms over the logs of runs, whoever wrote them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.logs.find import find_runs, looked_for
from still_verl.logs.format import Log
from still_verl.logs.known import signals_of, used_of
from still_verl.logs.read import read_log
from still_verl.logs.series import Values, rows_by_step
from still_verl.monitor.alarms import Alarm, scan
from still_verl.monitor.alarms.detectors import SEVERITIES

FEW_STEPS = 15  # before that many there is no level that a change could be compared with


@dataclass(frozen=True)
class Diagnosis:
    """What was found in one run.

    Attributes:
        run: what to give to look at this run alone: the path of its folder or file.
        format: a name of `still_verl.logs.registries.FORMATS`.
        steps: that it has.
        findings: one for each alarm, the worst first: its worst severity and evidence, and the step at which it began.
        recognised: metrics that were read, by the signal that they are.
        unknown: how many other metrics there are.
        notes: what was left out, in words.
        name: of the run, as its logger knows it; empty where it keeps none.
    """

    run: str
    format: str
    steps: int
    findings: list[Alarm]
    recognised: dict[str, list[str]]
    unknown: int
    notes: list[str]
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def reaches(self, severity: str) -> bool:
        """Return whether a finding is as bad as a severity, or worse."""
        return any(SEVERITIES.index(found.severity) <= SEVERITIES.index(severity) for found in self.findings)


@dataclass
class Diagnoses:
    """What was found in several paths.

    Attributes:
        runs: each once, also if two paths lead to it.
        notes: about files and folders, in words.
        missed: why a path could not be read, in words.
    """

    runs: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def diagnose(paths: Sequence[Path], formats: Sequence[str] = ()) -> Diagnoses:
    """Read every run of some folders and files, and run all detectors.

    Args:
        formats: names of formats to look for; all, if there are none.

    Raises:
        ConfigError: there is no such format.
    """
    found = Diagnoses()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        try:
            runs = find_runs(path, tuple(formats))
        except ConfigError:
            raise
        except (ValueError, OSError) as error:
            found.missed.append(str(error))
            continue
        found.notes += runs.notes
        read, empty = 0, []
        for log in runs.logs:
            identity = (log.format, str(Path(log.label).resolve()))
            if identity in seen:
                read += 1
                continue
            seen.add(identity)
            run = diagnose_log(log)
            if run.steps:
                read += 1
                found.runs.append(run)
            else:
                empty.append(without_numbers(log, run.notes))
        if read:
            found.notes += empty
        else:
            found.missed.append(not_recognised(path, tuple(formats), empty))
    return found


def without_numbers(log: Log, notes: Sequence[str]) -> str:
    """Say that a log was recognised, and has nothing to read."""
    return f"{'; '.join([f'{log.label} ({log.format}) has no numbers', *notes])}"


def not_recognised(path: Path, formats: tuple[str, ...] = (), empty: Sequence[str] = ()) -> str:
    """Say that nothing was recognised, or nothing that has numbers, and what was looked for."""
    texts = [f"{path} has no log that is recognised", *empty]
    if empty:
        texts[0] = f"{path} has no log with numbers"
    return f"{'; '.join(texts)}; looked for: {looked_for(formats)}"


def diagnose_log(log: Log) -> Diagnosis:
    """Read one run, and run all detectors."""
    series = read_log(log)
    values = series.values
    recognised, unknown = recognise(values)
    steps = {step for by_step in values.values() for step in by_step}
    notes = series.notes.texts()
    if steps and not recognised:
        notes.append("no metric of it is read by a detector")
    elif 0 < len(steps) < FEW_STEPS:
        notes.append(f"fewer than {FEW_STEPS} steps: most detectors have nothing to compare with")
    findings = worst(scan(rows_by_step(values)))
    return Diagnosis(log.label, log.format, len(steps), findings, recognised, unknown, notes, log.name)


def recognise(values: dict[str, Values]) -> tuple[dict[str, list[str]], int]:
    """Return the metrics that detectors read, by their signals, and the number of all others."""
    recognised: dict[str, list[str]] = {}
    unknown = 0
    for metric in sorted(values):
        signals = signals_of(metric)
        unknown += not signals
        for signal in signals:
            recognised.setdefault(signal, []).append(metric)
    return {signal: used_of(signal, metrics) for signal, metrics in recognised.items()}, unknown


def worst(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Return one finding for each alarm, the worst first."""
    by_name: dict[str, Alarm] = {}
    for alarm in alarms:
        known = by_name.setdefault(alarm.name, alarm)
        if SEVERITIES.index(alarm.severity) < SEVERITIES.index(known.severity):
            by_name[alarm.name] = Alarm(alarm.name, alarm.severity, known.step, alarm.evidence, alarm.advice)
    return sorted(by_name.values(), key=lambda alarm: (SEVERITIES.index(alarm.severity), alarm.step))
