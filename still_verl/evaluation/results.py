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


@dataclass(frozen=True)
class Counts:
    """Counts of one benchmark.

    Attributes:
        samples: that count.
        left_out: that do not: there is no sample, or nobody could judge it.
        answered: an answer was found; None where there was no text to look in.
        finished: ended by themselves; None where it is not known.
        strict, lenient: right by each verifier; None where no answer was compared.
        disagree: where the two verifiers differ.
        file_disagrees: where a file's own verdict and the strict verifier differ.
        tokens: of all responses; None where not known.
    """

    samples: int
    left_out: int
    answered: int | None
    finished: int | None
    strict: int | None
    lenient: int | None
    disagree: int
    file_disagrees: int
    tokens: int | None


def numbers(rows: Iterable[Row], asked: Mapping[str, int] | None = None) -> dict[str, dict[str, Any]]:
    """Return what `still-verl eval --json` prints, see `stats.summary.summarise`; `asked` is k by benchmark."""
    return summarise(judged(rows), asked)


def judged(rows: Iterable[Row]) -> Iterator[tuple[str, str, bool | None, str | None]]:
    """Yield samples as `stats.problems.Row` has them; one with a fault counts as one that nobody could judge."""
    for row in rows:
        correct = None if row.fault else row.correct
        yield row.benchmark, row.problem, correct, row.vote


def counts(rows: Sequence[Row]) -> dict[str, Counts]:
    """Return the counts of each benchmark."""
    by_benchmark: dict[str, list[Row]] = {}
    for row in rows:
        by_benchmark.setdefault(row.benchmark, []).append(row)
    return {name: _counts(some) for name, some in by_benchmark.items()}


def _counts(rows: Sequence[Row]) -> Counts:
    scored = [row for row in rows if row.scored]
    looked_at = [row for row in scored if row.extracted_by is not None]
    compared = [row for row in scored if row.strict is not None]
    ended = [row for row in scored if row.finish_reason is not None]
    measured = [row.tokens for row in scored if row.tokens is not None]
    return Counts(
        samples=len(scored),
        left_out=len(rows) - len(scored),
        answered=sum(row.answered for row in looked_at) if looked_at else None,
        finished=sum(row.finish_reason != "length" for row in ended) if ended else None,
        strict=sum(bool(row.strict) for row in compared) if compared else None,
        lenient=sum(bool(row.lenient) for row in compared) if compared else None,
        disagree=sum(row.strict != row.lenient for row in compared),
        file_disagrees=sum(row.correct not in (row.strict, row.lenient) for row in compared),
        tokens=sum(measured) if measured else None,
    )


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
