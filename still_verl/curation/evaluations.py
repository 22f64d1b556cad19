"""Reads the evaluations that a training set must not have problems of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.curation.leaks.decide import SHORT
from still_verl.curation.reading.chunks import read_chunks
from still_verl.curation.reading.find import InputFile, find_files
from still_verl.curation.reading.folders import SUFFIXES, is_known, without_packed
from still_verl.curation.reading.rows import read_row
from still_verl.curation.reformulate import stem_of, text_of_option
from still_verl.curation.rows import Reject
from still_verl.curation.tokens import tokens_of

OPTION = "--against"
Problem = tuple[str, str, str, str]  # benchmark, id, text, answer


@dataclass(frozen=True)
class Evaluations:
    """Problems of some evaluations.

    Attributes:
        problems: all of them.
        files: the checksum and the number of problems of each file, by its label; also what is unreadable, if anything.
        paths: of the files.
    """

    problems: tuple[Problem, ...]
    files: dict[str, dict[str, str | int]]
    paths: tuple[Path, ...] = ()


def read_evaluations(names: tuple[str, ...], max_rejects: float = 1.0) -> Evaluations:
    """Read evaluations: files, folders, or names of benchmarks that `still-verl eval` knows.

    Raises:
        ConfigError: one is not there, asks nothing, or has a larger share of unreadable lines than `max_rejects`.
    """
    problems: list[Problem] = []
    files: dict[str, dict[str, str | int]] = {}
    paths = []
    known: dict[str, InputFile] = {}
    for name in names:
        if _is_path(name):
            paths.append(name)
        else:
            known[name] = _benchmark(name)
    found_files = find_files(OPTION, paths)
    called = _names([file.label for file in found_files], tuple(known))
    found_files += known.values()
    for file, name in zip(found_files, [*called, *known], strict=True):
        found, said = _read(file, name, max_rejects)
        files[file.label] = {"sha256": file.sha256(), **said}
        problems += found
    return Evaluations(tuple(problems), files, tuple(file.path for file in found_files))


def _is_path(name: str) -> bool:
    try:
        return "/" in name or Path(name).exists() or is_known(Path(name))
    except OSError:  # a name that is too long: reading it says so
        return True


def _read(file: InputFile, name: str, max_rejects: float) -> tuple[list[Problem], dict[str, str | int]]:
    """The problems of a file, and what a manifest says of them; of unreadable lines nothing where there are none.

    A problem with options is there a second time, without them, if its words are its own then.
    """
    found: list[Problem] = []
    count = unreadable = 0
    first = ""
    for chunk in read_chunks(file, 1000):
        for number, item in enumerate(chunk.items, chunk.first_line):
            try:
                row = read_row("auto", item, file.label, number)
            except Reject as error:
                unreadable += 1
                first = first or f"line {number}: {error}"
                continue
            answer = row.right_answers[0] if row.right_answers else ""
            count += 1
            found.append((name, row.fields.id or f"{number}", row.problem, answer))
            stem, option = stem_of(row), text_of_option(row)
            # Training data may ask the same without the options. "Find x" alone would be a part of many problems.
            if option and len(tokens_of(stem).all) >= SHORT:
                found.append((name, row.fields.id or f"{number}", stem, option))
    if not found:
        raise ConfigError(f"{OPTION} {file.path}: no problem can be read: {first or 'it has no row'}")
    share = unreadable / (unreadable + count)
    if share > max_rejects:
        raise ConfigError(
            f"{OPTION} {file.path}: {unreadable:,} of {unreadable + count:,} lines cannot be read ({share:.0%}, "
            f"more than --max-rejects {max_rejects}), so their problems would stay in the set; the first is {first}"
        )
    said: dict[str, str | int] = {"problems": count}
    if unreadable:
        said |= {"unreadable": unreadable, "first_unreadable": first}
    return found, said


def _names(labels: Sequence[str], taken: Sequence[str]) -> list[str]:
    """What the evaluations of some files are called: as little of each label as tells it from all others.

    Example:
        >>> _names(["exam.v1.jsonl", "exam.v2.jsonl.gz", "other.v1.jsonl"], ["math500"])
        ['exam.v1', 'exam.v2', 'other']
    """
    called = [label.split(".")[0] for label in labels]
    for shorter in (_without_suffixes, str):
        uses = Counter([*called, *taken])
        for number, label in enumerate(labels):
            if uses[called[number]] > 1:
                called[number] = shorter(label)
    return called


def _without_suffixes(label: str) -> str:
    label = without_packed(label)
    for suffix in SUFFIXES:
        label = label.removesuffix(suffix)
    return label


def _benchmark(name: str) -> InputFile:
    """The file of a benchmark: all of its problems are looked for, also those that `eval` could not score."""
    from still_verl.evaluation.benchmarks import find_benchmark

    return InputFile(name, find_benchmark(name, option=OPTION)[1], OPTION)
