"""The row of one sample, and the JSON lines that keep it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from still_verl.evaluation.typed import kinds_of, typed
from still_verl.monitor.jsonl import line

UNNAMED = "samples"  # the benchmark of a file that names none


@dataclass(frozen=True, slots=True)
class Row:
    """One sample of a model. What is not known is None.

    Attributes:
        benchmark: its name.
        problem: the id of the problem within the benchmark.
        index: which of the problem's samples this is, counted from 0.
        seed: of the sampling.
        prompt: what the model was asked, as text.
        response: what the model answered; None where the text is not known, or there is none (see `fault`). Outputs of
            programs are no part of it.
        answer: the right answer, as text.
        finish_reason: why the response ended: "stop", "length" (it was cut), or what the engine says.
        tokens: of the response, without those of outputs.
        seconds: from the request to the end of the response.
        fault: why there is no sample; such a row is left out of all numbers and counted apart. Empty if all is well.
        correct: whether the sample counts as right: by the verifier that was chosen, or as a file says itself.
        strict: whether the strict verifier calls the answer right.
        lenient: whether the lenient one does.
        pred: the answer in the response; empty when there is none.
        extracted_by: the extractor that found it; empty when none did, None when there was no text to look in.
        reason: the rule that decided, or the obstacle.
        vote: the answer of this problem that `pred` is equal to; None for a sample that votes for nothing.
        forced: whether a thinking budget cut the thoughts and forced an answer.
        transcript: the response with the outputs of its programs, to read; None where none could run.
        tools: counts of `interpreter.tool_stats.ToolStats`; None where no program could run.
        record: what an engine of its own kind says of the sample; None for nothing.
    """

    benchmark: str
    problem: str
    index: int
    seed: int | None = None
    prompt: str = ""
    response: str | None = None
    answer: str | None = None
    finish_reason: str | None = None
    tokens: int | None = None
    seconds: float | None = None
    fault: str = ""
    correct: bool | None = None
    strict: bool | None = None
    lenient: bool | None = None
    pred: str | None = None
    extracted_by: str | None = None
    reason: str = ""
    vote: str | None = None
    forced: bool = False
    transcript: str | None = None
    tools: Mapping[str, int] | None = None
    record: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells this sample from all others of a run."""
        return self.benchmark, self.problem, self.index

    @property
    def scored(self) -> bool:
        """Whether the row counts: there is a sample, and it is known whether it is right."""
        return not self.fault and self.correct is not None

    @property
    def answered(self) -> bool:
        """Whether an answer was found in the response."""
        return bool(self.pred)


_NAMES = tuple(field.name for field in fields(Row))
_KINDS = kinds_of(Row)
_NEEDED = ("benchmark", "problem", "index")


def row_line(row: Row) -> bytes:
    """Return a row as one line of JSON."""
    # Not `asdict`, which copies every token of a record.
    return line({name: getattr(row, name) for name in _NAMES})


def row_of(entry: dict[str, Any]) -> Row:
    """Read what `row_line` wrote; keys that a later version added are left out.

    Raises:
        ValueError: it is no row of a sample.

    Example:
        >>> row_of(json.loads(row_line(Row("aime24", "7", 0, correct=True)))).key
        ('aime24', '7', 0)
    """
    missing = [name for name in _NEEDED if name not in entry]
    if missing:
        raise ValueError(f"no row of a sample: it has no {' and no '.join(missing)}")
    return Row(**typed(entry, _KINDS))


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a file of rows as a whole: after a kill it is the old one or the new one."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        for row in rows:
            file.write(row_line(row))
    partial.replace(path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file that `write_rows` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no row; names the file and the line.
    """
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                yield row_of(json.loads(text))
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error
