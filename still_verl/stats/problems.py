"""Counts the samples of each problem."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


class Row(NamedTuple):
    """One sample that was judged. A plain tuple of the four values does as well.

    Attributes:
        benchmark: the name of the benchmark.
        problem: what is the same for all samples of a problem, and for no other problem of the benchmark.
        correct: whether the answer is right; None where nobody could judge it. Such a sample is missing, not wrong.
        answer: a label that equal answers share; None where there is no answer.
    """

    benchmark: str
    problem: Hashable
    correct: bool | None
    answer: Hashable = None


@dataclass
class Votes:
    """The samples of one problem that gave one answer."""

    samples: int = 0
    right: int = 0


@dataclass
class Problem:
    """The samples of one problem.

    Attributes:
        samples: how many were judged.
        right: how many of them were right.
        votes: by answer, the samples that gave it; those without an answer are in no vote.
    """

    samples: int = 0
    right: int = 0
    votes: dict[Hashable, Votes] = field(default_factory=dict)

    def add(self, correct: bool | None, answer: Hashable) -> None:
        """Count one sample; one that nobody could judge is left out."""
        if correct is None:
            return
        self.samples += 1
        self.right += bool(correct)
        if answer is not None:
            votes = self.votes.setdefault(answer, Votes())
            votes.samples += 1
            votes.right += bool(correct)

    @property
    def rate(self) -> Fraction:
        """The share of right samples, exactly. Raises ZeroDivisionError if there is no sample."""
        return Fraction(self.right, self.samples)


Problems = dict[Hashable, Problem]


def count(rows: Iterable[tuple[str, Hashable, bool | None, Hashable]]) -> dict[str, Problems]:
    """Count the samples of each problem, by benchmark and problem, in the order in which they come.

    Raises:
        ValueError: `correct` is none of True, False, 1, 0 and None. Names the benchmark and the problem.
    """
    benchmarks: dict[str, Problems] = {}
    for benchmark, problem, correct, answer in rows:
        if correct not in (True, False, None):
            place = f"benchmark {benchmark!r}, problem {problem!r}"
            raise ValueError(f"{place}: correct={correct!r}: use true or false, or null where nobody could judge it")
        problems = benchmarks.setdefault(benchmark, {})
        problems.setdefault(problem, Problem()).add(correct, answer)
    return benchmarks
