"""Counts the samples that exist of each problem of a training set, and how many of them are right."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.difficulty.matching import Matcher, NoMatch
from still_verl.evaluation.journal import ROWS, RUN
from still_verl.evaluation.results import MAX_EXAMPLE
from still_verl.evaluation.rows import Row
from still_verl.evaluation.saved import NO_ANSWER, read_saved, saved_files
from still_verl.evaluation.score import Scorer
from still_verl.logs.files import Notes

RUN_SAMPLES = "samples*.jsonl*"  # of a run folder; those that were rotated, too
MANY_STEPS = "samples.jsonl of a run has samples of all its steps: the rate is that of a model that changed meanwhile"
BATCH = 10_000  # samples that are in memory


@dataclass
class Tally:
    """The samples of one problem that were judged, and those of them that were right."""

    samples: int = 0
    right: int = 0


def tallies(paths: Iterable[Path], matcher: Matcher, scorer: Scorer, notes: Notes) -> list[Tally]:
    """Count the samples of each problem, in the order of their numbers. What does not count is noted.

    Raises:
        ConfigError: there are no samples, or none is of a problem of the set.
    """
    counted = [Tally() for _ in matcher.answers]
    for files in _sources(paths, notes):
        rows = _matched(read_saved(files, notes), matcher, notes)
        while batch := list(islice(rows, BATCH)):
            _count(scorer.score(batch), counted, notes)
    if not any(tally.samples for tally in counted):
        said = "; ".join(notes.texts()) or "they are empty"
        raise ConfigError(f"--from: no sample in it says how hard a problem of INPUT is ({said})")
    return counted


def provenance(paths: Iterable[Path]) -> dict[str, Any]:
    """Return model, prompt and sampling of the samples, as runs of `still-verl eval` say them; empty if none does.

    Raises:
        ConfigError: two runs differ in it: their rates are not of one model.
    """
    known: dict[str, Any] = {}
    for path in paths:
        found = _run_settings(path)
        if known and found and found != known:
            raise ConfigError(
                f"--from {path}: its model, prompt or sampling is another than that of the folder before it; "
                "a pass rate is that of one model: grade each by itself"
            )
        known = found or known
    return known


def _run_settings(path: Path) -> dict[str, Any]:
    file = path / RUN if path.is_dir() else path.parent / RUN
    if path.is_file() and path.name != ROWS or not file.is_file():
        return {}
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
        sampling = [*run["benchmarks"].values()]
        different = [each for index, each in enumerate(sampling) if each not in sampling[:index]]
        return {"model": run["model"], "prompt": run["prompt"], "sampling": different}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"--from {path}: its {RUN} cannot be read: {error!r}") from error


def _sources(paths: Iterable[Path], notes: Notes) -> Iterator[Sequence[Path]]:
    """The files of each source. They are read one after the other: two runs number their samples alike."""
    for path in dict.fromkeys(path.resolve() for path in paths):
        of_a_run = sorted(path.glob(RUN_SAMPLES)) if path.is_dir() and not (path / ROWS).is_file() else []
        if of_a_run:
            notes.add(MANY_STEPS)
        yield of_a_run or saved_files(path, notes)


def _matched(rows: Iterable[Row], matcher: Matcher, notes: Notes) -> Iterator[Row]:
    """The samples that belong to a problem of the set, by its number, and with its answer where they have none."""
    for row in rows:
        try:
            number = matcher.find(row)
        except NoMatch as reason:
            notes.add(str(reason))
            continue
        if row.fault == NO_ANSWER and matcher.answers[number] is not None:
            row = replace(row, fault="", answer=matcher.answers[number])
        yield replace(row, problem=str(number), prompt="")


def _count(rows: Iterable[Row], counted: list[Tally], notes: Notes) -> None:
    for row in rows:
        if not row.scored:
            kind = row.fault.partition(":")[0] or "nobody could judge it"
            notes.add(f"samples left out, {kind:.{MAX_EXAMPLE}}: {{n}}")
            continue
        tally = counted[int(row.problem)]
        tally.samples += 1
        tally.right += bool(row.correct)
