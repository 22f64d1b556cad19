"""The training set whose problems are graded: all of its columns as they are, and what each row asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.adapters import auto
from still_verl.curation.reading.chunks import read_chunks
from still_verl.curation.reading.find import InputFile, find_files
from still_verl.curation.reading.parse import parse
from still_verl.curation.rows import Reject
from still_verl.curation.set_files import MANIFEST, TRAIN
from still_verl.evaluation.columns import as_gold

_AT_A_TIME = 1000  # rows that are read together


@dataclass(frozen=True)
class Question:
    """What a row of the set asks.

    Attributes:
        id: the name of the row; made from file and line where it has none.
        text: the problem, without a template around it.
        answer: the right answer as text; None where it is none, such as a program's tests.
        file: the label of the file that the row was read from first: a curation keeps it.
    """

    id: str
    text: str
    answer: str | None
    file: str = ""


@dataclass(frozen=True)
class TrainingSet:
    """A set that was read.

    Attributes:
        file: where its rows are.
        table: the rows, a `pyarrow.Table`.
        questions: one for each row, in its order.
        manifest: of the curation that made the set; empty where there is none.
    """

    file: InputFile
    table: Any
    questions: list[Question]
    manifest: Mapping[str, Any]


def read_training_set(path: Path) -> TrainingSet:
    """Read a training set: parquet, JSON lines (packed too), a JSON list, or a folder of `still-verl data curate`.

    Raises:
        ConfigError: it cannot be read, has no rows, or a row asks nothing; names the file and the row.
    """
    manifest: Mapping[str, Any] = {}
    if path.is_dir() and (path / TRAIN).is_file():
        manifest = _manifest(path / MANIFEST)
        path = path / TRAIN
    files = find_files("INPUT", [str(path)])
    if len(files) > 1:
        raise ConfigError(f"INPUT {path}: it has {len(files)} files and no {TRAIN}; name one of them")
    table = _table(files[0])
    questions = []
    for number, row in enumerate(table.to_pylist(), 1):
        try:
            questions.append(_question(row, files[0].label, number))
        except Reject as error:
            raise ConfigError(f"INPUT {path}: row {number}: {error}") from error
    if not questions:
        raise ConfigError(f"INPUT {path}: it has no rows")
    return TrainingSet(files[0], table, questions, manifest)


def _manifest(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"INPUT {path}: it cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _table(file: InputFile) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if file.path.suffix == ".parquet":
            return pq.ParquetFile(file.path).read()
        return _from_rows(_rows(file))
    except (OSError, ValueError, TypeError, OverflowError, pa.ArrowException) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"INPUT {file.path}: it is no table: {' '.join(str(error).split())[:300]}") from error


def _rows(file: InputFile) -> list[dict[str, Any]]:
    rows = []
    for chunk in read_chunks(file, _AT_A_TIME):
        for number, item in enumerate(chunk.items, chunk.first_line):
            if isinstance(item, bytes) and not item.strip():
                continue
            try:
                rows.append(parse(item))
            except Reject as error:
                raise ConfigError(
                    f"INPUT {file.path}: line {number}: {error}; `still-verl data curate` sorts such lines out"
                ) from error
    return rows


def _from_rows(rows: list[dict[str, Any]]) -> Any:
    """A table with the columns of all rows: that of the first one alone would lose the others."""
    import pyarrow as pa

    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def _question(row: Mapping[str, Any], file: str, number: int) -> Question:
    fields = auto(row)
    text, first_file = fields.problem, file
    more = row.get("extra_info")
    if isinstance(more, Mapping) and isinstance(more.get("file"), str) and more["file"]:
        first_file = more["file"]
    if isinstance(more, Mapping) and isinstance(more.get("problem"), str) and more["problem"].strip():
        text = more["problem"]  # as `data curate` writes it: the prompt has an instruction, too
    if not text.strip():
        raise Reject("the problem is empty")
    answer = None if isinstance(fields.answer, Mapping) else as_gold(fields.answer)
    return Question(fields.id or f"{file}:{number}", text, answer, first_file)
