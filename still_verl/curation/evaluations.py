"""Reads the evaluations that a training set must not have problems of."""

from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.curation.adapters import auto
from still_verl.curation.reading.chunks import read_chunks
from still_verl.curation.reading.find import InputFile, find_files
from still_verl.curation.reading.parse import parse
from still_verl.curation.rows import Reject, Row

Problem = tuple[str, str, str, str]  # benchmark, id, text, answer


@dataclass(frozen=True)
class Evaluations:
    """Problems of some evaluations.

    Attributes:
        problems: all of them.
        files: the checksum and the number of problems of each file, by its label.
    """

    problems: tuple[Problem, ...]
    files: dict[str, dict[str, str | int]]


def read_evaluations(names: tuple[str, ...]) -> Evaluations:
    """Read evaluations: files, folders, or names of benchmarks that `still-verl eval` knows.

    Raises:
        ConfigError: one is not there, or asks nothing.
    """
    problems: list[Problem] = []
    files: dict[str, dict[str, str | int]] = {}
    paths = []
    for name in names:
        if Path(name).exists() or "/" in name:
            paths.append(name)
        else:
            found = _benchmark(name)
            files[name] = {"sha256": _checksum(found), "problems": len(found)}
            problems += found
    for file in find_files("--against", paths):
        found = _read(file)
        files[file.label] = {"sha256": file.sha256(), "problems": len(found)}
        problems += found
    return Evaluations(tuple(problems), files)


def _read(file: InputFile) -> list[Problem]:
    found: list[Problem] = []
    why = "it has no row"
    for chunk in read_chunks(file, 1000):
        for number, item in enumerate(chunk.items, chunk.first_line):
            try:
                fields = auto(parse(item))
            except Reject as error:
                why = f"line {number}: {error}"
                continue
            row = Row(fields, fields.id or f"{number}", file.label)
            found.append(
                (_benchmark_name(file.label), row.id, row.problem, row.right_answers[0] if row.right_answers else "")
            )
    if not found:
        raise ConfigError(f"--against {file.path}: no problem can be read: {why}")
    return found


def _benchmark_name(label: str) -> str:
    return label.split(".")[0]


def _benchmark(name: str) -> list[Problem]:
    from still_verl.evaluation.benchmarks import load_benchmark

    benchmark = load_benchmark(name)
    return [(name, problem.id, problem.text, problem.answer) for problem in benchmark.problems]


def _checksum(problems: list[Problem]) -> str:
    from still_verl.curation.fingerprints import hash64

    return f"{hash64(repr(sorted(problems))):016x}"
