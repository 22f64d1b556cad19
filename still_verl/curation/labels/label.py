"""Asks a model about each problem of a data set, once, and writes which labels fit."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.curation.labels.known import key_of, write_known
from still_verl.curation.labels.replies import Unread, labels_in
from still_verl.curation.labels.rubric import Rubric
from still_verl.curation.lock import only_one
from still_verl.curation.output_folder import check_output
from still_verl.curation.reading.chunks import read_chunks
from still_verl.curation.reading.find import InputFile, find_files
from still_verl.curation.reading.rows import read_row
from still_verl.curation.rows import Reject, Row
from still_verl.curation.settings import CHUNK_ROWS
from still_verl.evaluation.engines.base import Engine, EngineOptions
from still_verl.evaluation.journal import JOURNAL, ROWS
from still_verl.evaluation.problems import Benchmark, Problem
from still_verl.evaluation.prompts import Prompter
from still_verl.evaluation.protocols import Sampling
from still_verl.evaluation.registries import ENGINES
from still_verl.evaluation.rows import Row as Sample
from still_verl.evaluation.rows import read_rows, row_of
from still_verl.evaluation.run import Asked, Plan, Watch, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.setup import check_options
from still_verl.monitor.jsonl import json_lines

MAX_TOKENS = 4096  # of a reading, thoughts and all
RUN = "reading"  # the one benchmark of the run


@dataclass(frozen=True)
class LabelSettings:
    """What is read by whom.

    Attributes:
        inputs: files, folders or names, as a curation reads them.
        output: the folder that is written; `labels.jsonl` in it is for a curation.
        rubric: what the reader is told, and which labels there are.
        adapter: how rows are read; "auto" goes by their columns.
        engine: of `evaluation.registries.ENGINES`, or a dotted name; "" is `openai` with an address, else `vllm`.
        options: of the engine.
        max_tokens: of a reading.
    """

    inputs: tuple[str, ...]
    output: Path
    rubric: Rubric
    adapter: str = "auto"
    engine: str = ""
    options: EngineOptions = field(default_factory=EngineOptions)
    max_tokens: int = MAX_TOKENS


@dataclass(frozen=True)
class Labelled:
    """What came of it.

    Attributes:
        problems: different ones in the input.
        read: those of which there are labels.
        counts: of each label, in the rubric's order.
        unread: why there are none of the others, each with its count.
        rejected: rows of the input that cannot be read.
        notes: of the engine and the journal.
    """

    problems: int
    read: int
    counts: dict[str, int]
    unread: dict[str, int]
    rejected: int
    notes: list[str]


@dataclass(frozen=True)
class Unscored(Scorer):
    """Scores nothing: a reading has no right answer."""

    def score(self, rows: Iterable[Sample], advance: Callable[[int], object] = lambda rows: None) -> list[Sample]:
        """Return the rows as they are."""
        return list(rows)


def label(settings: LabelSettings, watch: Watch | None = None) -> Labelled:
    """Ask about each different problem, and write its labels. The same call goes on after a kill.

    Raises:
        ConfigError: nothing can be read, the model is not there, or the folder has the readings of another one.
        EngineError: the engine cannot go on; what was read is kept.
    """
    check_options(settings.options)
    files = find_files("INPUT", settings.inputs)
    check_output(settings.output, files)
    with only_one(settings.output):
        return _label(settings, files, watch)


def _label(settings: LabelSettings, files: list[InputFile], watch: Watch | None) -> Labelled:
    problems, rejected = _problems(settings, files)
    name = settings.engine or ("openai" if settings.options.url else "vllm")
    engine: Engine = ENGINES.find(name)(settings.options)
    try:
        finished = evaluate(_plan(settings, problems, name), engine, Unscored(), watch)
        model = str(engine.identity().get("name", settings.options.model))
    finally:
        engine.close()
    readings = _Readings(settings.rubric)
    entries = [readings.entry(row) for row in read_rows(settings.output / ROWS)]
    entries += _of_earlier_runs(settings, {key for key, _ in entries})
    header = {"model": model, "asked": list(settings.rubric.labels), "rubric": settings.rubric.checksum}
    write_known(settings.output, header, entries)
    counts = {each: readings.counts[each] for each in settings.rubric.labels}
    unread = dict(readings.unread.most_common())
    return Labelled(len(problems), readings.read, counts, unread, rejected, finished.notes)


def _of_earlier_runs(settings: LabelSettings, known: set[str]) -> list[tuple[str, list[str] | None]]:
    """What was read of problems that the input has not: it was paid for, and holds where they come back."""
    readings = _Readings(settings.rubric)
    found: dict[str, list[str] | None] = {}
    for entry in json_lines(settings.output / JOURNAL):
        try:
            key, labels = readings.entry(row_of(entry))
        except (ValueError, TypeError, AttributeError):
            continue  # a damaged line, of which a run says how many there are
        if key not in known:
            found.setdefault(key, labels)
    return list(found.items())


def _plan(settings: LabelSettings, problems: tuple[Problem, ...], engine: str) -> Plan:
    system = settings.rubric.system
    sampling = Sampling(k=1, temperature=0.0, top_p=1.0, max_tokens=settings.max_tokens)
    return Plan(
        [Asked(Benchmark(RUN, problems), sampling)],
        Prompter("chat", system),
        {"style": "chat", "system": system, "template": ""},
        engine,
        seed=0,
        folder=settings.output,
    )


class _Readings:
    """Reads replies, and counts what they say."""

    def __init__(self, rubric: Rubric) -> None:
        self.read = 0
        self.counts: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self._labels = rubric.labels

    def entry(self, sample: Sample) -> tuple[str, list[str] | None]:
        """Return the key of a problem and its labels; None where the reply has none."""
        try:
            labels = labels_in(_text(sample), self._labels)
        except Unread as error:
            self.unread[str(error)] += 1
            return sample.problem, None
        self.read += 1
        self.counts.update(labels)
        return sample.problem, labels


def _text(sample: Sample) -> str:
    """The reply as a whole."""
    if sample.response is None:
        raise Unread(sample.fault or "there is no reply")
    if sample.finish_reason == "length":
        raise Unread("the reply was cut: read into another folder with more --max-tokens")
    return sample.response


def _problems(settings: LabelSettings, files: list[InputFile]) -> tuple[tuple[Problem, ...], int]:
    """Each different problem of the input, and how many rows cannot be read."""
    found: dict[str, Problem] = {}
    rejects: list[Reject] = []
    known = _texts_asked(settings)
    for file in files:
        for row in _rows(file, settings.adapter):
            if isinstance(row, Reject):
                rejects.append(row)
                continue
            key = key_of(row)
            if key not in found:
                found[key] = Problem(key, known.get(key) or asked_text(row), "")
    if not found:
        why = f": {rejects[0]}" if rejects else ""
        raise ConfigError(f"INPUT {', '.join(settings.inputs)}: there is no problem that can be read{why}")
    return tuple(found.values()), len(rejects)


def _texts_asked(settings: LabelSettings) -> dict[str, str]:
    """What was asked about each problem of the folder: a problem that is typed in another way now is the same one."""
    found: dict[str, str] = {}
    begins = f"{settings.rubric.system}\n"
    for entry in json_lines(settings.output / JOURNAL):
        key, prompt = entry.get("problem"), entry.get("prompt")
        if isinstance(key, str) and isinstance(prompt, str) and prompt.startswith(begins):
            found.setdefault(key, prompt.removeprefix(begins))
    return found


def _rows(file: InputFile, adapter: str) -> Iterator[Row | Reject]:
    """Each row of a file, or why it cannot be read."""
    for chunk in read_chunks(file, CHUNK_ROWS):
        for number, item in enumerate(chunk.items):
            try:
                yield read_row(adapter, item, chunk.file, chunk.first_line + number)
            except Reject as error:
                yield error


def asked_text(row: Row) -> str:
    """Return what a reader is shown of a row."""
    answer = " or ".join(row.right_answers) or row.fields.answer
    return f"PROBLEM\n{row.problem}\n\nANSWER\n{answer}"
