"""Reads a run folder, ours or of plain verl, as a `Run`."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from still_verl.monitor.jsonl import json_lines
from still_verl.monitor.keyword_file import read_keywords
from still_verl.monitor.keywords import WORDS, Words
from still_verl.report.alarms import add_alarms
from still_verl.report.metrics import Values, read_values
from still_verl.report.run import Run
from still_verl.report.samples import read_phase_samples

SECRET = re.compile(r"api_?key|secret|password|(access|auth|hf)_?token|credential", re.IGNORECASE)
MASK = "***"
NO_METRICS = "No metrics were found: no metrics.jsonl, no log of verl's file logger, no TensorBoard file."


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Read every run, and name it by the shortest name that tells it from the others.

    Raises:
        ValueError: a path does not exist, or is given twice; or TensorBoard files are to be read without tensorboard.
    """
    resolved = [path.resolve() for path in paths]
    for given, path in zip(paths, resolved, strict=True):
        if not path.exists():
            raise ValueError(f"{given} does not exist: give the folder of a run, or a log file")
        if resolved.count(path) > 1:
            raise ValueError(f"{given} is given twice")
    return [_read_run(path, name) for path, name in zip(resolved, _names(resolved), strict=True)]


def _names(paths: list[Path]) -> list[str]:
    """Name paths by two of their last parts at least: a folder that is called by its time says little."""
    longest = max(len(path.parts) for path in paths)
    for parts in range(2, longest):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return ["/".join(path.parts) for path in paths]


def _read_run(path: Path, name: str) -> Run:
    series = read_values(path)
    found = add_alarms(series)
    run = read_about(path, name, series)
    run = replace(run, evidence=run.evidence | found)
    if path.is_file():
        return run
    return replace(run, samples=read_phase_samples(path))


def read_about(path: Path, name: str, series: dict[str, Values]) -> Run:
    """Make a run of numbers that have been read, without samples: what else a folder holds is small.

    What cannot be read is in the run's `problems`.
    """
    problems: list[str] = []
    if not series:
        problems.append(NO_METRICS)
    folder = path / ".hydra"
    config = _yaml(folder / "config.yaml", problems) or {}
    overrides = _yaml(folder / "overrides.yaml", problems) or []
    return Run(
        name,
        path,
        series,
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
        evidence[str(row.get("name"))] = f"{row.get('evidence', '')}. {row.get('advice', '')}"
    return evidence


def _yaml(path: Path, problems: list[str]) -> Any:
    """Read a YAML file; None if there is none, or if it is broken, which is added to the problems."""
    if not path.is_file():
        return None
    try:
        return yaml.safe_load(path.read_text())
    except yaml.YAMLError:
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
    except json.JSONDecodeError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(version) for name, version in found.items()}
