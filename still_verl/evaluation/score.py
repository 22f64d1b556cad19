"""Says which samples are right. A score reads text only: it never asks the model again."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from still_verl.evaluation.exact import are_different_numbers
from still_verl.evaluation.rows import Row
from still_verl.evaluation.votes import with_votes
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.equivalence.verify import Verdict, verify
from still_verl.rewards.extract import DEFAULT_EXTRACTORS, Extraction, extract
from still_verl.rewards.gold import UnreadableGold, read_gold
from still_verl.rewards.gold_check import self_fault

THREADS = 8  # most of their time is spent waiting for the processes that grade

Pair = tuple[str, str]


@dataclass(frozen=True)
class Scorer:
    """How samples are scored.

    Attributes:
        extractors: names of `rewards.registries.EXTRACTORS`, or dotted names of your own; the first that finds an
            answer counts.
        verifier: how generously `correct` compares. The other reading is computed too, for the disagreement.
        rescore: judge also where a file says itself whether a sample is right.
        keep_text: keep prompts and responses in the rows; without them 100,000 rows take a tenth of the memory.
    """

    extractors: Sequence[str] = DEFAULT_EXTRACTORS
    verifier: Reading = "strict"
    rescore: bool = False
    keep_text: bool = True

    def score(self, rows: Iterable[Row], advance: Callable[[int], object] = lambda rows: None) -> list[Row]:
        """Return the rows with everything that a score knows, in their order.

        Args:
            rows: samples, scored or not.
            advance: is told the number of rows that were read since the last time.
        """
        read = []
        for row in rows:
            read.append(self._with_answer(row))
            advance(1)
        verdicts = _all_verdicts(read)
        return with_votes([self._judged(row, verdicts) for row in read], self.verifier)

    def _with_answer(self, row: Row) -> Row:
        """The row with the answer in its response. What has no text keeps the answer that it came with."""
        if row.response is None or row.fault:
            return row
        found = self._extract(row.response)
        dropped: dict[str, Any] = {}
        if not self.keep_text:
            dropped = {"response": None, "transcript": None, "record": None, "prompt": ""}
        return replace(row, pred=found.answer, extracted_by=found.method, **dropped)

    def _extract(self, response: str) -> Extraction:
        return extract(response, self.extractors)

    def _judged(self, row: Row, verdicts: dict[Pair, dict[Reading, Verdict]]) -> Row:
        if row.fault or row.answer is None or row.pred is None:
            return row
        fault = gold_fault(row.answer)
        if fault:  # no response could be right, so that none is wrong; a file may have judged in another way
            return row if row.correct is not None else replace(row, fault=fault)
        found = verdicts[row.answer, row.pred]
        decided = found[self.verifier]
        correct, reason = decided.equal, decided.reason
        if row.correct is not None and not self.rescore:
            correct, reason = row.correct, "the file says so"
        strict, lenient = found["strict"].equal, found["lenient"].equal
        return replace(row, correct=correct, strict=strict, lenient=lenient, reason=reason)


def _all_verdicts(rows: Iterable[Row]) -> dict[Pair, dict[Reading, Verdict]]:
    """Both readings of every different pair of right answer and answer."""
    pairs: dict[Pair, None] = {}
    for row in rows:
        if not row.fault and row.answer is not None and row.pred is not None and not gold_fault(row.answer):
            pairs[row.answer, row.pred] = None
    with ThreadPoolExecutor(THREADS) as threads:
        return dict(zip(pairs, threads.map(_both_readings, pairs), strict=True))


def _both_readings(pair: Pair) -> dict[Reading, Verdict]:
    gold, answer = pair
    strict = verify(gold, answer)
    lenient = strict  # it accepts whatever the strict one does
    if not strict.equal and not are_different_numbers(gold, answer):
        lenient = verify(gold, answer, "lenient")
    return {"strict": strict, "lenient": lenient}


@lru_cache(maxsize=65_536)
def gold_fault(gold: str) -> str:
    """Say why no response could be right by this answer; nothing if one could."""
    try:
        read_gold(gold)
    except UnreadableGold as error:
        return f"the right answer cannot be read: {error}"
    if any(not self_fault(gold, reading) for reading in READINGS):
        return ""
    return f"the right answer does not equal itself: {self_fault(gold)}"
