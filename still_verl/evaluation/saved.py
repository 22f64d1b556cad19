"""Samples that exist already: a dump of any verl job, or rows of any other tool, as JSON lines."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.evaluation.columns import as_count, as_gold, as_text, first
from still_verl.evaluation.rows import UNNAMED, Row
from still_verl.logs.files import Notes, lines, unpacked_name

# What a column is called, best first.
BENCHMARK = ("benchmark", "data_source")
TEXT = ("problem", "question", "input", "prompt")
ID = ("problem_id", "unique_id", "id", "uid")
RESPONSE = ("response", "output", "completion", "solution_str")
ANSWER = ("answer", "gts", "ground_truth", "gold", "solution")
CORRECT = ("correct", "acc", "score")
FINISH = ("finish_reason", "stop_reason")
TOKENS = ("tokens", "response_length", "completion_tokens")

OWN = frozenset({"benchmark", "problem", "index", "fault"})  # columns by which a row of ours is known

NO_RESPONSE = "no response"
NO_ANSWER = "no right answer"
NO_VERDICT = "neither a verdict (correct, acc or score as 0 or 1) nor a response with a right answer"
TORN = "lines that are no JSON object, left out: {n}"
EMPTY = "empty lines, left out: {n}"
TWICE = "samples that are in the file twice, counted once: {n}"
ONE_ID = "ids that stand for two problems, which are told apart by their text: {n}"
TWO_GOLDS = "problems with one text and two right answers, counted as two problems: {n}"
NO_TEXT = "rows without {names}, left out: {{n}}"


def saved_files(path: Path, notes: Notes) -> list[Path]:
    """Return the files with samples at a path: the file itself, or those of a folder.

    Of a folder of dumps, `STEP.jsonl`, only the last step is taken: another step is another model.

    Raises:
        ConfigError: there is nothing, or no JSON lines.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(f"--from {path}: there is no such file or folder")
    if (path / "rows.jsonl").is_file():
        return [path / "rows.jsonl"]
    folder = path / "validation" if (path / "validation").is_dir() else path
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])
    if not files:
        raise ConfigError(f"--from {path}: no .jsonl file is in it; name a file, or the folder of a dump")
    steps = {file: _step(file) for file in files}
    if None in steps.values():
        return files
    last = max(files, key=lambda file: steps[file] or 0)
    if len(files) > 1:
        notes.add(f"of {len(files)} dumps in {folder} the last one, {last.name}, was read; name a file for another")
    return [last]


def _step(file: Path) -> int | None:
    stem = unpacked_name(file).removesuffix(".jsonl")
    return int(stem) if stem.isdecimal() else None


def read_saved(files: Sequence[Path], notes: Notes) -> Iterator[Row]:
    """Yield the samples in some files as a stream, not scored; `correct` is what the file says.

    A row that has no sample is yielded with its `fault`. Lines that are none are noted, and so are problems that
    share an id and samples that are there twice.

    Raises:
        OSError: a file cannot be read.
        ConfigError: the files have no rows.
    """
    problems = _Problems(notes)
    rows = 0
    for file in files:
        for text in lines(file, notes):
            entry = _entry(text, notes)
            row = problems.row(entry) if entry is not None else None
            if row is not None:
                rows += 1
                yield row
    if not rows:
        said = "; ".join(notes.texts()) or "they are empty"
        raise ConfigError(f"--from {', '.join(map(str, files))}: no samples in it ({said})")


def _entry(text: str, notes: Notes) -> dict[str, Any] | None:
    if not text.strip():
        notes.add(EMPTY)
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        notes.add(TORN)
        return None
    return entry


class _Problems:
    """Tells problems apart: by their text, or by their id where there is no text."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._gold: dict[tuple[str, str], str] = {}
        self._text_of_id: dict[tuple[str, str], str] = {}
        self._count: Counter[tuple[str, str]] = Counter()
        self._seen: set[tuple[str, str, int]] = set()
        self._shared_ids: set[tuple[str, str]] = set()
        self._split: set[tuple[str, str]] = set()

    def row(self, entry: Mapping[str, Any]) -> Row | None:
        """Read one sample; None if it names no problem, or was there before."""
        benchmark = as_text(first(entry, BENCHMARK)) or UNNAMED
        text, number = as_text(first(entry, TEXT)), as_text(first(entry, ID))
        if text is None and number is None:
            self._notes.add(NO_TEXT.format(names=" or ".join((*TEXT, *ID))))
            return None
        if text is not None and number is not None:
            self._check_id(benchmark, number, text)
        gold = as_gold(first(entry, ANSWER))
        problem = self._told_apart(benchmark, number if text is None else text, gold)
        index = self._index(entry, benchmark, problem)
        return None if index is None else _sample(entry, benchmark, problem, index, gold)

    def _check_id(self, benchmark: str, number: str, text: str) -> None:
        key = benchmark, number
        if self._text_of_id.setdefault(key, text) != text and key not in self._shared_ids:
            self._shared_ids.add(key)
            self._notes.add(ONE_ID)

    def _told_apart(self, benchmark: str, problem: str | None, gold: str | None) -> str:
        """The problem's name, with its right answer if another problem has the same text."""
        name = problem or ""
        key = benchmark, name
        if gold is None or self._gold.setdefault(key, gold) == gold:
            return name
        if key not in self._split:
            self._split.add(key)
            self._notes.add(TWO_GOLDS)
        return f"{name} [{gold}]"

    def _index(self, entry: Mapping[str, Any], benchmark: str, problem: str) -> int | None:
        """The row's own index or the next one; None if a sample of this index was there before.

        Only rows of ours say it: elsewhere `index` is often that of the problem.
        """
        given = entry.get("index")
        if not OWN <= entry.keys() or isinstance(given, bool) or not isinstance(given, int):
            given = self._count[benchmark, problem]
            self._count[benchmark, problem] += 1
            return given
        key = benchmark, problem, given
        if key in self._seen:
            self._notes.add(TWICE)
            return None
        self._seen.add(key)
        return given


def _sample(entry: Mapping[str, Any], benchmark: str, problem: str, index: int, gold: str | None) -> Row:
    response = first(entry, RESPONSE)
    response = response if isinstance(response, str) else None
    correct = verdict(entry)
    fault = as_text(entry.get("fault")) or ""
    if not fault and correct is None and (response is None or gold is None):
        fault = _missing(entry, response)
    return Row(
        benchmark,
        problem,
        index,
        seed=as_count(entry.get("seed")),
        prompt=as_text(first(entry, ("prompt", "input"))) or "",
        response=response,
        answer=gold,
        finish_reason=as_text(first(entry, FINISH)),
        tokens=as_count(first(entry, TOKENS)),
        fault=fault,
        correct=correct,
        tools=_tools(entry),
    )


def _tools(entry: Mapping[str, Any]) -> dict[str, int] | None:
    """The counts of a row of ours; None for everything else."""
    value = entry.get("tools")
    if not OWN <= entry.keys() or not isinstance(value, dict):
        return None
    return {str(name): count for name, count in value.items() if type(count) is int}


def _missing(entry: Mapping[str, Any], response: str | None) -> str:
    """Say why a row can be neither scored nor taken as it is."""
    if response is not None:
        return NO_ANSWER
    return NO_RESPONSE if any(name in entry for name in RESPONSE) else NO_VERDICT


def verdict(entry: Mapping[str, Any]) -> bool | None:
    """Return whether a row says that it is right; None if it says nothing that is 0, 1, true or false.

    Example:
        >>> verdict({"correct": True}), verdict({"score": -1.0}), verdict({"acc": 0.0, "score": 1.0})
        (True, None, False)
    """
    for name in CORRECT:
        value = entry.get(name)
        if isinstance(value, bool | int | float) and value in (0, 1):
            return bool(value)
        if value is not None:
            return None
    return None
