"""What a process does with a chunk: each row is kept, dropped or rejected, as far as the row alone can tell.

The result is a record for each row and its fingerprints. What needs other rows comes later, in `groups`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from still_verl.curation.fingerprints import (
    PERMUTATIONS,
    digest,
    form_of,
    hash64,
    minhashes,
    numbers_of,
    pattern_of,
    shingle_hashes,
)
from still_verl.curation.labels.known import NOBODY_READ, read_known
from still_verl.curation.leaks.decide import Finding, look_for
from still_verl.curation.leaks.index import EvaluationIndex
from still_verl.curation.reading.chunks import Chunk, Item
from still_verl.curation.reading.rows import read_row
from still_verl.curation.reformulate import OF_CHOICES, as_open_question, text_of_option
from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import SCORED_BY_TESTS, MissingColumn, Reject, Row
from still_verl.curation.settings import CurateSettings
from still_verl.curation.tokens import tokens_of
from still_verl.monitor.jsonl import line
from still_verl.registry import in_one_line
from still_verl.rewards.equivalence.verify import verify

KEPT, DROPPED, LEAKED, REJECTED = range(4)  # what a row alone says
OF_TESTS = ("no_answer",)  # the filter that fits a task with tests: all others ask whether a value can be compared
SHOWN = 200  # characters of a line that was rejected

COLUMNS = np.dtype(
    [
        ("offset", "<i8"),  # of the record, in bytes
        ("high", "<u8"),  # the digest, by which the result is sorted
        ("low", "<u8"),
        ("state", "u1"),
        ("form", "<u8"),  # of the problem, for exact duplicates
        ("answer", "<u8"),
        ("numbers", "<u8"),
        ("pattern", "<u8"),  # of the tokens with any numbers
        ("template", "<u8"),  # of the evaluation problem that has the same template; 0 for none
        ("minhash", "<u4", (PERMUTATIONS,)),
    ]
)

Record = dict[str, Any]
Labels = tuple[str, ...] | None  # what a reader said of a row; None where nobody read it


@dataclass
class Decided:
    """What became of a chunk.

    Attributes:
        records: a line of JSON for each of its items, as bytes: only a worker pays for writing it.
        columns: a row of `COLUMNS` for each; the offset is that in `records`.
    """

    records: bytes
    columns: "np.ndarray[Any, Any]"


class Worker:
    """Decides about rows one by one."""

    def __init__(self, settings: CurateSettings, evaluations: Sequence[tuple[str, str, str, str]]) -> None:
        """Prepare for some settings and evaluation problems, each (benchmark, id, text, answer)."""
        self._settings = settings
        self._filters = [(FILTERS.label(name), FILTERS.find(name), name in FILTERS) for name in settings.filters]
        self._known = read_known(settings.labels) if settings.labels else NOBODY_READ
        self._left_out = set(FILTERS) - set(settings.filters)
        self._index = EvaluationIndex(evaluations)

    def decide(self, chunk: Chunk) -> Decided:
        """Decide about all rows of a chunk."""
        columns = np.zeros(len(chunk.items), COLUMNS)
        lines: list[bytes] = []
        offset = 0
        shingles: dict[int, list[int]] = {}  # of the rows that have a text
        for number, item in enumerate(chunk.items):
            place = chunk.first_line + number
            try:
                row, labels = self._read(item, chunk.file, place)
                shingles[number] = shingle_hashes(row.tokens.all)
                record = self._row(row, labels, columns[number])
            except Reject as error:
                record = _rejected(item, chunk.file, place, error)
                columns[number]["state"] = REJECTED
            columns[number]["offset"] = offset
            lines.append(line(record))
            offset += len(lines[-1])
        columns["minhash"][list(shingles)] = minhashes(list(shingles.values()))
        return Decided(b"".join(lines), columns)

    def _read(self, item: Item, file: str, line: int) -> tuple[Row, Labels]:
        """A row, and the labels that a reader gave it."""
        row = read_row(self._settings.adapter, item, file, line)
        labels = self._known.labels(row)  # of the row as it was read: the open question has another key
        if self._settings.reformulate:
            fields = as_open_question(row)
            if labels and fields is not row.fields:
                labels = tuple(name for name in labels if name != OF_CHOICES)
            row = replace(row, fields=fields)
        return row, labels

    def _row(self, row: Row, labels: Labels, columns: Any) -> Record:
        record = _record(row, self._settings.data_source)
        _fingerprint(row, columns)
        finding = self._finding(row)
        if finding is not None:
            self._note(finding, record, columns)
        if columns["state"] == KEPT:
            self._filter(row, labels, record, columns)
        return record

    def _finding(self, row: Row) -> Finding | None:
        """The strongest finding in the problem, else in the solution."""
        found = look_for(self._index, row.tokens, _comparison(row))
        if found is not None and found.outcome != "template":
            return found
        if row.fields.solution:
            # The answer of the row belongs to its problem, and says nothing about another one in its solution.
            solution = tokens_of(row.fields.solution)
            inside = look_for(self._index, solution, _no_answer)
            if inside is not None and inside.outcome != "template":
                return replace(
                    inside, place="solution", passage=solution.all[inside.proposal.start : inside.proposal.end]
                )
        return found

    def _note(self, finding: Finding, record: Record, columns: Any) -> None:
        if finding.outcome == "template":
            columns["template"] = hash64(finding.proposal.problem.name)
            record["template_of"] = finding.proposal.problem.name
            return
        record["evaluation"] = _shown(finding)
        if finding.outcome == "suspect" and self._settings.keep_suspects:
            record["suspect"] = finding.proposal.problem.name
            return
        columns["state"] = LEAKED
        record["filter"] = finding.outcome
        record["reason"] = f"{finding.proposal.problem.name}: {finding.why}"

    def _filter(self, row: Row, labels: Labels, record: Record, columns: Any) -> None:
        decided = self._known.asked if labels is not None else ()
        for name, why, is_ours in self._filters:
            if is_ours and (name in decided or (row.fields.kind == SCORED_BY_TESTS and name not in OF_TESTS)):
                continue
            try:
                reason = why(row)
            except (Exception, SystemExit) as error:  # one of the user's own may be a part of a script
                raise Reject(f"the filter {name} failed: {in_one_line(error)}"[:300]) from error
            if reason is not None and not isinstance(reason, str):
                raise Reject(
                    f"the filter {name} returned {reason!r:.60}: return why the row is dropped, or an empty text"
                )
            if reason:
                _drop(name, reason, record, columns)
                return
        if labels is not None:
            self._apply(labels, record, columns)

    def _apply(self, labels: Sequence[str], record: Record, columns: Any) -> None:
        """Drop a row for the first label that a reader gave it, if the user did not leave that one out."""
        record["read"] = True
        for name in labels:
            if name not in self._left_out:
                _drop(name, f"{self._known.reader} read it: {', '.join(labels)}", record, columns)
                return


def _drop(name: str, reason: str, record: Record, columns: Any) -> None:
    columns["state"] = DROPPED
    record["filter"], record["reason"] = name, reason


def _comparison(row: Row) -> Callable[[str], bool | None]:
    def same_answer(answer: str) -> bool | None:
        if not row.right_answers or not answer:
            return None
        if answer in row.right_answers:
            return True
        option = text_of_option(row)  # the evaluation may ask for the value of what is a letter here
        return bool(verify([*row.right_answers, option] if option else list(row.right_answers), answer))

    return same_answer


def _no_answer(_answer: str) -> None:
    """There is nothing to compare with."""


def _record(row: Row, data_source: str) -> Record:
    fields = row.fields
    answer = fields.answer
    if row.right_answers and fields.kind != SCORED_BY_TESTS:
        # A whole solution becomes the answer that is in it.
        answer = row.right_answers[0] if len(row.right_answers) == 1 else list(row.right_answers)
    return {
        "id": row.id,
        "file": row.file,
        "problem": fields.problem,
        "answer": answer,
        "data_source": data_source or fields.data_source or row.file,
        "kind": fields.kind,
        "extra": dict(fields.extra),  # a filter of the user's own may change its own
    }


def _fingerprint(row: Row, columns: Any) -> None:
    columns["high"], columns["low"] = digest(row.id, row.problem, repr(row.fields.answer), row.file)
    columns["form"] = form_of(row.plain_cased)
    columns["answer"] = hash64("\0".join(row.right_answers) or repr(row.fields.answer))
    columns["numbers"] = numbers_of(row.tokens.all)
    columns["pattern"] = pattern_of(row.tokens.all)


def _rejected(item: Item, file: str, line: int, error: Reject) -> Record:
    shown = item[:SHOWN].decode("utf-8", "backslashreplace") if isinstance(item, bytes) else ""
    return {
        "file": file,
        "line": line,
        "cause": str(error),
        "missing_column": isinstance(error, MissingColumn),
        "begins": shown,
    }


def _shown(finding: Finding) -> Record:
    proposal = finding.proposal
    # The problem of the row shows nothing of what is in its solution.
    passage = {"passage": " ".join(finding.passage)} if finding.passage else {}
    return {
        "outcome": finding.outcome,
        "problem": proposal.problem.name,
        "text": proposal.problem.text,
        "answer": proposal.problem.answer,
        "why": finding.why,
        "place": finding.place,
        "tokens": [proposal.start, proposal.end],
        "containment": round(proposal.containment, 3),
        "words": round(proposal.words, 3),
        **passage,
    }
