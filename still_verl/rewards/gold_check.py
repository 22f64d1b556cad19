"""Checks the right answers of a data set before anybody is paid by them."""

from collections.abc import Iterable
from dataclasses import dataclass
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


def check_golds(ground_truths: Iterable[Any], reading: Reading = "strict") -> GoldCheck:
    """Look at each different right answer once, `MOST` of them at most.

    Args:
        ground_truths: the right answers, row by row, in any form.
        reading: how generously answers will be compared.

    Example:
        >>> check_golds(["1", "2", "1", None]).fault
        'ground_truth=None cannot be read: its type is NoneType'
    """
    first_rows: dict[str, tuple[int, Any]] = {}
    rows = 0
    for ground_truth in ground_truths:
        if len(first_rows) < MOST:
            first_rows.setdefault(repr(ground_truth), (rows, ground_truth))
        rows += 1
    faults = [(row, self_fault(gold, reading)) for row, gold in first_rows.values()]
    faulty = [(row, fault) for row, fault in faults if fault]
    first_row, first_fault = faulty[0] if faulty else (-1, "")
    return GoldCheck(rows, len(first_rows), len(faulty), first_row, first_fault)


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
