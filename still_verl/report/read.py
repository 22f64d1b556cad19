"""Reads a run folder, ours or of plain verl, as a `Run`."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from still_verl.logs.find import find_runs
from still_verl.logs.format import Log
from still_verl.logs.read import read_log
from still_verl.logs.series import Values
from still_verl.monitor.jsonl import json_lines
from still_verl.monitor.keyword_file import read_keywords
from still_verl.monitor.keywords import WORDS, Words
from still_verl.monitor.versions import read_length
from still_verl.report.alarms import AlarmSeries, as_sentences
from still_verl.report.diagnosis import not_recognised
from still_verl.report.run import Run
from still_verl.report.samples.files import read_phase_samples

SECRET = re.compile(r"api_?key|secret|password|(access|auth|hf)_?token|credential", re.IGNORECASE)
MASK = "***"
CONFIG = ".hydra/config.yaml"  # in the folder of every run that Hydra started
NO_METRICS = "No metrics were logged yet."


def read_runs(paths: Sequence[Path], formats: Sequence[str] = (), begun: bool = False) -> list[Run]:
    """Read every run of some folders and files, and name it by the shortest name that tells it from the others.

    Args:
        formats: names of formats of logs to look for; all, if there are none.
        begun: whether a folder without a log is a run that has just begun, or holds samples only.

    Raises:
        ValueError: a path does not exist, is given twice, or has no log that is recognised.
    """
    resolved = [Path(os.path.abspath(path)) for path in paths]
    logs: list[Log] = []
    for given, path in zip(paths, resolved, strict=True):
        if resolved.count(path) > 1:
            raise ValueError(f"{given} is given twice")
        logs += _logs_of(path, tuple(formats), begun)
    logs = list({(log.format, log.label): log for log in logs}.values())  # a run and the folder that it is in
    names = _names([Path(log.label) for log in logs])
    runs = [_read_run(log, name) for log, name in zip(logs, names, strict=True)]
    if begun:
        return runs
    return _with_numbers(runs, not_recognised(paths[0], tuple(formats)))


def _with_numbers(runs: list[Run], nothing: str) -> list[Run]:
    """Leave out the runs whose log was recognised and has nothing to read; the first of the others says which.

    Raises:
        ValueError: these are all.
    """
    empty = [f"{run.path} ({run.format}) has no numbers" for run in runs if run.format and not run.series]
    kept = [run for run in runs if run.series or not run.format]
    if not kept:
        raise ValueError("; ".join([nothing, *empty]))
    kept[0].problems.extend(f"Log: {text}." for text in empty)
    return kept


def _logs_of(path: Path, formats: tuple[str, ...], begun: bool) -> list[Log]:
    found = find_runs(path, formats)
    if found.logs:
        first, *others = found.logs
        return [replace(first, notes=(*first.notes, *found.notes)), *others]
    if path.is_dir() and (begun or (path / CONFIG).is_file() or read_phase_samples(path)):
        return [Log(path, "", (), notes=tuple(found.notes))]
    raise ValueError(not_recognised(path, formats))


def _names(paths: list[Path]) -> list[str]:
    """Name paths by two of their last parts at least: a folder that is called by its time says little."""
    longest = max(len(path.parts) for path in paths)
    for parts in range(2, longest):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return ["/".join(path.parts) for path in paths]


def _read_run(log: Log, name: str) -> Run:
    if not log.files:
        return replace(read_about(log, name, {}, list(log.notes)), samples=read_phase_samples(log.path))
    series = read_log(log)
    values, alarms = dict(series.values), AlarmSeries()
    values |= alarms.update(values)
    run = read_about(log, name, values, series.notes.texts())
    run = replace(run, evidence=run.evidence | alarms.evidence)
    if log.path.is_file():
        return run
    return replace(run, samples=read_phase_samples(log.path))


def read_about(log: Log, name: str, series: dict[str, Values], notes: Sequence[str] = ()) -> Run:
    """Make a run of numbers that have been read, without samples: what else a folder holds is small.

    What cannot be read is in the run's `problems`, beside the notes about its log.
    """
    path = log.path
    problems = [f"Log: {text}." for text in notes]
    if not series:
        problems.append(NO_METRICS)
    folder = path / ".hydra"
    config = _yaml(path / CONFIG, problems) or {}
    overrides = _yaml(folder / "overrides.yaml", problems) or []
    return Run(
        name,
        path,
        series,
        format=log.format,
        total=log.total if log.total is not None else read_length(path),
        config=dict(_flatten(config)),
        overrides=[_mask_override(str(entry)) for entry in overrides],
        versions=_versions(path),
        evidence=_evidence(path),
        problems=problems,
        words=_words(path, problems),
    )


def _words(path: Path, problems: list[str]) -> Words:
    """Read the keywords that a run counted; still_verl's own if its file is broken, which is added to the problems."""
    try:
        return read_keywords(path)
    except ValueError as error:
        problems.append(str(error))
        return WORDS


def _evidence(path: Path) -> dict[str, str]:
    """Read what was seen, and what to do, the last time that each alarm began."""
    file = path / "alarms.jsonl"
    if not file.is_file():
        return {}
    evidence = {}
    for row in json_lines(file):
        if row.get("severity") == "info" and row.get("name") in evidence:  # what was worse says more
            continue
        evidence[str(row.get("name"))] = as_sentences(str(row.get("evidence", "")), str(row.get("advice", "")))
    return evidence


def _yaml(path: Path, problems: list[str]) -> Any:
    """Read a YAML file; None if there is none, or if it is broken, which is added to the problems."""
    if not path.is_file():
        return None
    try:
        found = yaml.safe_load(path.read_text())
        json.dumps(found, default=str)  # the page carries it; a node that contains itself cannot be written
        return found
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):  # no YAML, no text, or no tree
        problems.append(f"{path.name} is not readable as YAML and was skipped.")
        return None


def _flatten(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of a config. Lists and empty nodes are values; secrets are masked."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            dotted = f"{prefix}.{key}" if prefix else str(key)
            yield from _flatten(value, dotted)
    elif isinstance(node, dict) and not prefix:  # a file without settings
        return
    elif node and SECRET.search(prefix):
        yield prefix, MASK
    else:
        yield prefix, node


def _mask_override(entry: str) -> str:
    key, equals, _ = entry.partition("=")
    if equals and SECRET.search(key):
        return f"{key}={MASK}"
    return entry


def _versions(path: Path) -> dict[str, str]:
    file = path / "versions.json"
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text())
    except ValueError:  # no JSON, or no text
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(version) for name, version in found.items()}
