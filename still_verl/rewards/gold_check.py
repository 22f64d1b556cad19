"""Checks the right answers of a data set before anybody is paid by them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from still_verl.rewards.boxes import last_boxed
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.verify import verify
from still_verl.rewards.gold import UnreadableGold, read_gold

MOST = 100_000  # different right answers that are checked, in about 10 s


@dataclass(frozen=True)
class GoldCheck:
    """What a check found.

    Attributes:
        rows: how many right answers there are.
        checked: how many different ones were looked at.
        faulty: how many of these cannot pay for themselves.
        first_row: of the first faulty one, counted from 0; -1 when there is none.
        fault: what is wrong with it.
    """

    rows: int
    checked: int
    faulty: int
    first_row: int
    fault: str


class GoldChecker:
    """Looks at each different right answer once, as rows come.

    What it has seen is kept as hashes: tests of a program may be megabytes.
    """

    def __init__(self, fault_of: Callable[[Any], str]) -> None:
        """Check with a function that says what is wrong with a right answer; nothing if all is well."""
        self._fault_of = fault_of
        self._seen: set[int] = set()
        self._faulty = 0
        self._first = (-1, "")
        self.rows = 0

    def add(self, ground_truth: Any, row: int | None = None) -> None:
        """Look at the right answer of a row, by default the next one."""
        number = self.rows if row is None else row
        self.rows += 1
        key = hash(repr(ground_truth))
        if key in self._seen or len(self._seen) >= MOST:
            return
        self._seen.add(key)
        fault = self._fault_of(ground_truth)
        if fault:
            self._faulty += 1
            if self._faulty == 1:
                self._first = (number, fault)

    @property
    def found(self) -> GoldCheck:
        """What was found so far."""
        row, fault = self._first
        return GoldCheck(self.rows, len(self._seen), self._faulty, row, fault)


def check_golds(ground_truths: Iterable[Any], reading: Reading = "strict") -> GoldCheck:
    """Look at each different right answer once, `MOST` of them at most.

    Args:
        ground_truths: the right answers, row by row, in any form.
        reading: how generously answers will be compared.

    Example:
        >>> check_golds(["1", "2", "1", None]).fault
        'ground_truth=None cannot be read: its type is NoneType'
    """
    checker = GoldChecker(partial(self_fault, reading=reading))
    for ground_truth in ground_truths:
        checker.add(ground_truth)
    return checker.found


def self_fault(ground_truth: Any, reading: Reading = "strict") -> str:
    r"""Say why a response with exactly this answer in its box would not be paid; nothing if it would.

    Example:
        >>> self_fault(r"\frac{1}{2}"), self_fault(r"\frac{1}{2")
        ('', "ground_truth='\\\\frac{1}{2': a box with it reads '': no answer")
    """
    try:
        alternatives = read_gold(ground_truth)
    except UnreadableGold as error:
        return str(error)
    for alternative in alternatives:
        answer = last_boxed(rf"\boxed{{{alternative}}}")
        verdict = verify(alternative, answer, reading)
        if not verdict:
            return f"ground_truth={alternative!r:.80}: a box with it reads {answer!r:.80}: {verdict.reason}"
    return ""
