"""What there is to show of one model, and how two models compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from still_verl.evaluation.results import Counts, counts, judged
from still_verl.evaluation.rows import Row
from still_verl.report.evaluation.texts import Texts
from still_verl.stats.compare import compare
from still_verl.stats.paired import MARGIN, Comparison


@dataclass(frozen=True)
class Evaluation:
    """The samples of one model, and their numbers.

    Attributes:
        name: of the model, unique on a page.
        rows: scored; they need no text.
        numbers: by benchmark, what `stats.summary.summarise` returned.
        notes: what the reader of the numbers must know, a sentence each.
        texts: by benchmark, what only the responses tell; empty where there are none.
    """

    name: str
    rows: Sequence[Row]
    numbers: Mapping[str, Mapping[str, Any]]
    notes: Sequence[str] = ()
    texts: Mapping[str, Texts] = field(default_factory=dict)

    def counts(self) -> dict[str, Counts]:
        """Count the samples of each benchmark."""
        return counts(self.rows)

    def of(self, benchmark: str) -> list[Row]:
        """Return the samples of a benchmark that count."""
        return [row for row in self.rows if row.benchmark == benchmark and row.scored]


def compared(evaluations: Sequence[Evaluation], margin: float = MARGIN) -> dict[str, Comparison]:
    """Compare the first model with the second on each benchmark of both; nothing where there is one model.

    Raises:
        ValueError: no problem is in both, or the margin is no share.
    """
    if len(evaluations) < 2:
        return {}
    first, second = evaluations
    return compare(judged(first.rows), judged(second.rows), margin)


def benchmarks(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return the benchmarks of all models, each once, in the order in which they come."""
    names: dict[str, None] = {}
    for evaluation in evaluations:
        names |= dict.fromkeys(evaluation.numbers)
    return list(names)
