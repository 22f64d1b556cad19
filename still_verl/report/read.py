"""A run folder, ours or of plain verl, as a `Run`."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from still_verl.monitor.jsonl import json_lines
from still_verl.monitor.keyword_file import read_keywords
from still_verl.monitor.keywords import WORDS, Words
from still_verl.report.metrics import Values, read_values
from still_verl.report.samples import Shelf, read_shelves

SECRET = re.compile(r"api_?key|secret|password|(access|auth|hf)_?token|credential", re.IGNORECASE)
VALIDATION = re.compile(r"val-core/(.+)/(?:acc|reward)/mean@\d+$")
HELD_OUT = "still/validation/accuracy"
HELD_OUT_SAMPLES = "still/validation/samples"
ALARM = "still/alarm/"


@dataclass(frozen=True)
class Run:
    """What a run left behind.

    Attributes:
        name: unique among the runs of a page.
        path: the folder, or the log file.
        series: values by step, by metric.
        shelves: samples by phase.
        config: values by dotted key; secrets are masked.
        overrides: what the command line set.
        versions: of packages, as far as the run recorded them.
        evidence: of alarms by name, what was seen and what to do about it.
        problems: what could not be read, in words.
        words: keywords by category, those that the run counted.
    """

    name: str
    path: Path
    series: dict[str, Values] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    words: Words = field(default_factory=lambda: WORDS)

    @property
    def steps(self) -> list[int]:
        return sorted({step for values in self.series.values() for step in values})

    def first_of(self, *keys: str) -> str | None:
        """The first of some metrics that the run has a finite value of."""
        return next((key for key in keys if self.known(key)), None)

    def matching(self, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        """(text of the pattern's first group, metric) of every metric that a pattern fits, in order of names."""
        hits = ((pattern.match(key), key) for key in sorted(self.series))
        return [(hit[1], key) for hit, key in hits if hit and self.known(key)]

    def validations(self) -> list[tuple[str, str]]:
        """(label, metric) of held-out accuracy: in all, and of each source of problems where there are several.

        `still/validation/accuracy` is preferred: verl's own figure is the mean score where a reward returns no `acc`.
        """
        sources = self.matching(VALIDATION)
        ours = [("validation", HELD_OUT)] if self.known(HELD_OUT) else []
        return [(sources[0][0], HELD_OUT)] if ours and len(sources) == 1 else [*ours, *sources]

    def known(self, key: str) -> list[tuple[int, float]]:
        """(step, value) of a metric where it is finite."""
        return [(step, value) for step, value in self.series.get(key, {}).items() if value is not None]

    def alarms(self) -> dict[str, list[tuple[int, int]]]:
        """The stretches of steps, first and last, in which each alarm rang."""
        found = {key.removeprefix(ALARM): _stretches(v) for key, v in self.series.items() if key.startswith(ALARM)}
        return {name: stretches for name, stretches in found.items() if stretches}


def _stretches(values: Values) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    rang = False
    for step, value in values.items():
        if value and rang:
            stretches[-1] = (stretches[-1][0], step)
        elif value:
            stretches.append((step, step))
        rang = bool(value)
    return stretches


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Every run, with the shortest names that tell them apart.

    Raises:
        ValueError: a path does not exist, or is given twice.
    """
    resolved = [path.resolve() for path in paths]
    for given, path in zip(paths, resolved, strict=True):
        if not path.exists():
            raise ValueError(f"{given} does not exist: give the folder of a run, or a log file")
        if resolved.count(path) > 1:
            raise ValueError(f"{given} is given twice")
    return [_read_run(path, name) for path, name in zip(resolved, _names(resolved), strict=True)]


def _names(paths: list[Path]) -> list[str]:
    """Two parts of the path at least: a folder that is called by its time says little."""
    for parts in range(2, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def _read_run(path: Path, name: str) -> Run:
    shelves = {} if path.is_file() else read_shelves(path)
    return replace(read_about(path, name, read_values(path)), shelves=shelves)


def read_about(path: Path, name: str, series: dict[str, Values]) -> Run:
    """A run without samples, of numbers that have been read: what is beside them is small."""
    problems: list[str] = []
    if not series:
        problems.append("No metrics were found: no metrics.jsonl, no log of verl's file logger, no TensorBoard file.")
    folder = path / ".hydra"
    config = dict(_flat(_yaml(folder / "config.yaml", problems) or {}))
    overrides = [_mask_override(str(entry)) for entry in _yaml(folder / "overrides.yaml", problems) or []]
    words = _words(path, problems)
    return Run(name, path, series, {}, config, overrides, _versions(path), _evidence(path), problems, words)


def _words(path: Path, problems: list[str]) -> Words:
    """The keywords that a run counted; still_verl's own where its file cannot be used."""
    try:
        return read_keywords(path)
    except ValueError as error:
        problems.append(str(error))
        return WORDS


def _evidence(path: Path) -> dict[str, str]:
    """Of the last time that each alarm began."""
    file = path / "alarms.jsonl"
    rows = json_lines(file) if file.is_file() else iter(())
    return {str(row.get("name")): f"{row.get('evidence', '')}. {row.get('advice', '')}" for row in rows}


def _yaml(path: Path, problems: list[str]) -> Any:
    try:
        return yaml.safe_load(path.read_text()) if path.is_file() else None
    except yaml.YAMLError:
        problems.append(f"{path.name} is not readable as YAML and was skipped.")
        return None


def _flat(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of a config; lists are values."""
    if isinstance(node, dict) and (node or not prefix):
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, "***" if SECRET.search(prefix) and node else node


def _mask_override(entry: str) -> str:
    key, equals, _ = entry.partition("=")
    return f"{key}=***" if equals and SECRET.search(key) else entry


def _versions(path: Path) -> dict[str, str]:
    file = path / "versions.json"
    try:
        found = json.loads(file.read_text()) if file.is_file() else {}
    except json.JSONDecodeError:
        return {}
    return {str(name): str(version) for name, version in found.items()} if isinstance(found, dict) else {}
