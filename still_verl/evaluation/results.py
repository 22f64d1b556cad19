"""The numbers of an evaluation, and what there is to know beside them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from still_verl.evaluation.rows import Row
from still_verl.stats.summary import summarise

MAX_EXAMPLE = 160  # characters

_TRIES = re.compile(r" \(\d+ tries\)$")


@dataclass
class Programs:
    """What the samples of one benchmark did with the interpreter.

    Attributes:
        samples: that could run programs.
        with_program: those that ran at least one.
        at_limit: those that reached a limit on calls or seconds.
        calls: programs that were run, in all.
        ok: those that ended well.
        stopped: those whose time was over, or whose process ended.
        unavailable: those to which the sandbox gave no answer, which is no fault of the model.
    """

    samples: int = 0
    with_program: int = 0
    at_limit: int = 0
    calls: int = 0
    ok: int = 0
    stopped: int = 0
    unavailable: int = 0

    def add(self, tools: Mapping[str, int]) -> None:
        """Count one sample."""
        self.samples += 1
        self.with_program += tools.get("calls", 0) > 0
        self.at_limit += tools.get("cap_reached", 0)
        self.calls += tools.get("calls", 0)
        self.ok += tools.get("ok", 0)
        self.stopped += tools.get("timeout", 0) + tools.get("crash", 0)
        self.unavailable += tools.get("unavailable", 0)

    def figures(self) -> dict[str, Any]:
        """Return what `still-verl eval --json` prints of them; `succeeded` is None where nothing was run."""
        succeeded = None
        if self.calls:
            succeeded = self.ok / self.calls
        return {
            "calls": self.calls / self.samples,
            "succeeded": succeeded,
            "with_program": self.with_program / self.samples,
            "at_limit": self.at_limit / self.samples,
            "stopped": self.stopped,
            "sandbox_faults": self.unavailable,
        }


@dataclass
class Counts:
    """Counts of one benchmark. What could not be looked at in any sample is None.

    Attributes:
        samples: that count.
        left_out: that do not: there is no sample, or nobody could judge it.
        answered: an answer was found, where there was a text to look in.
        finished: ended by themselves.
        strict, lenient: right by each verifier.
        disagree: where the two verifiers differ.
        file_disagrees: where a file's own verdict is that of neither.
        tokens: of all responses.
        programs: what samples did that could run some.
    """

    samples: int = 0
    left_out: int = 0
    answered: int | None = None
    finished: int | None = None
    strict: int | None = None
    lenient: int | None = None
    disagree: int = 0
    file_disagrees: int = 0
    tokens: int | None = None
    programs: Programs | None = None

    def add(self, row: Row) -> None:
        """Count one sample."""
        if not row.scored:
            self.left_out += 1
            return
        self.samples += 1
        if row.extracted_by is not None:
            self.answered = (self.answered or 0) + row.answered
        if row.finish_reason is not None:
            self.finished = (self.finished or 0) + (row.finish_reason != "length")
        if row.tokens is not None:
            self.tokens = (self.tokens or 0) + row.tokens
        if row.strict is not None:
            self.strict = (self.strict or 0) + row.strict
            self.lenient = (self.lenient or 0) + bool(row.lenient)
            self.disagree += row.strict != row.lenient
            self.file_disagrees += row.correct not in (row.strict, row.lenient)
        if row.tools is not None:
            self.programs = self.programs or Programs()
            self.programs.add(row.tools)


def numbers(rows: Sequence[Row], asked: Mapping[str, int] | None = None) -> dict[str, dict[str, Any]]:
    """Return what `still-verl eval --json` prints, see `stats.summary.summarise`; `asked` is k by benchmark.

    Where samples could run programs, a benchmark also has `code`, see `Programs.figures`.
    """
    found = summarise(judged(rows), asked)
    for name, count in counts(rows).items():
        if count.programs is not None:
            found[name]["code"] = count.programs.figures()
    return found


def judged(rows: Iterable[Row]) -> Iterator[tuple[str, str, bool | None, str | None]]:
    """Yield samples as `stats.problems.Row` has them; one with a fault counts as one that nobody could judge."""
    for row in rows:
        correct = None if row.fault else row.correct
        yield row.benchmark, row.problem, correct, row.vote


def counts(rows: Iterable[Row]) -> dict[str, Counts]:
    """Return the counts of each benchmark."""
    by_benchmark: dict[str, Counts] = {}
    for row in rows:
        by_benchmark.setdefault(row.benchmark, Counts()).add(row)
    return by_benchmark


def forced_lines(rows: Iterable[Row]) -> list[str]:
    """Say how often a thinking budget forced an answer, and how often it was right, by benchmark."""
    forced: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for row in rows:
        if row.forced and row.scored:
            forced[row.benchmark] += 1
            right[row.benchmark] += bool(row.correct)
    return [f"{name}: {count:,} answers were forced, {right[name]:,} of them right" for name, count in forced.items()]


def fault_lines(rows: Iterable[Row]) -> list[str]:
    """Say how many samples are left out, a line for each kind of fault, with the first one."""
    kinds: Counter[str] = Counter()
    first: dict[str, Row] = {}
    for row in rows:
        if row.fault:
            kind = _TRIES.sub("", row.fault).partition(":")[0]
            kinds[kind] += 1
            first.setdefault(kind, row)
    lines = []
    for kind, count in kinds.most_common():
        example = first[kind]
        where = f"{example.benchmark}, problem {example.problem:.40}, sample {example.index}"
        lines.append(f"samples left out, {kind}: {count:,} (first: {where}: {example.fault:.{MAX_EXAMPLE}})")
    return lines
