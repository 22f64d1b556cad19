"""What rows are to each other: the same problem, the same template, or the same problem with another answer.

Everything here goes by the digests of the rows, so that the order of the files does not matter.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from still_verl.curation.fingerprints import BANDS, ROWS, exact_form_of, hash64
from still_verl.curation.rows import SCORED_BY_TESTS
from still_verl.curation.store import Records
from still_verl.curation.tokens import plain_text, tokens_of
from still_verl.curation.work import DROPPED, KEPT, Record
from still_verl.rewards.equivalence.verify import verify

SIMILAR = 0.6  # of the MinHash, for rows that may have the same template
RETYPED = 0.8  # of the tokens, for rows with the same numbers and the same answer
MAX_KINDS = 20  # different wordings of one template that each row is compared with

Array = Any  # numpy's


class Groups:
    """The rows in the order of their digests, and what others say about each.

    Attributes:
        order: the number of each row in the store, sorted by digest.
        duplicate_of: for each row in that order the one that is kept instead; -1 for none.
        conflicts: the answers that contradict each other, by row.
        group: a number for all rows with one template; 0 for a row that stands alone.
        exact: how many rows have the normal form of another one.
    """

    def __init__(self, columns: Array, records: Records, kept: Sequence[int] = ()) -> None:
        """Compare all rows that a file of records has.

        Args:
            columns: of all rows.
            records: of all rows.
            kept: the numbers of the rows that a person keeps.
        """
        self.order = np.lexsort((columns["low"], columns["high"]))
        self._columns = columns
        self._records = records
        state = np.array(columns["state"])
        state[list(kept)] = KEPT
        self._state = state[self.order]
        self._offset = columns["offset"][self.order]
        self._answer = columns["answer"][self.order]
        self._numbers = columns["numbers"][self.order]
        self.duplicate_of = np.full(len(self.order), -1, np.int64)
        self.conflicts: dict[int, str] = {}
        self.group = np.zeros(len(self.order), np.uint64)
        self.exact = 0
        self._conflicts_with: dict[int, int] = {}
        self._find_exact()
        places = np.flatnonzero(np.isin(self.order, list(kept))).tolist()
        self._find_similar(frozenset(places))
        self._join(places)

    def _find_exact(self) -> None:
        """Rows with one normal form: the first one stays, unless their answers contradict each other."""
        looked_at = np.flatnonzero((self._state == KEPT) | (self._state == DROPPED))
        for members in _equal(self._columns["form"][self.order[looked_at]]):
            rows = looked_at[members]
            self.exact += len(rows) - 1
            kept = [int(row) for row in rows if self._state[row] == KEPT]
            if not kept:
                self._same_as(int(rows[0]), rows[1:].tolist())
            else:
                self._decide_alike(kept)

    def _decide_alike(self, rows: Sequence[int]) -> None:
        """Keep the first of some rows with one normal form; those that contradict it are no conflict if they differ."""
        if len(self._answers(rows)) == 1:
            self._same_as(rows[0], rows[1:])
            return
        by_form: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_form[exact_form_of(plain_text(self._record(row)["problem"]))].append(row)
        for alike in by_form.values():
            answers = self._answers(alike)
            if len(answers) == 1:
                self._same_as(alike[0], alike[1:])
                continue
            shown = ", ".join(sorted(f"{answer!r:.60}" for answer in answers))
            for row in alike:
                self._conflicts_with[row] = alike[0]
                self.conflicts[row] = f"{len(alike)} rows ask the same, with different answers: {shown}"

    def _answers(self, rows: Sequence[int]) -> list[Any]:
        """The different answers of some rows."""
        by_hash = {int(self._answer[row]): row for row in reversed(rows)}
        if len(by_hash) == 1:
            return [None]
        answers: list[Any] = []
        for row in sorted(by_hash.values()):
            answer = _answer_of(self._record(row))
            if not any(_same(known, answer) for known in answers):
                answers.append(answer)
        return answers

    def _find_similar(self, kept: frozenset[int]) -> None:
        """Rows with similar shingles have one template; of those with equal numbers and answers the first one stays."""
        free = (self._state == KEPT) & (self.duplicate_of < 0)
        for row in self.conflicts.keys() - kept:
            free[row] = False
        rows = np.flatnonzero(free)
        if not len(rows):
            return
        labels = self._components(rows)
        for members in _equal(labels):
            self._template(rows[members])

    def _components(self, rows: Array) -> Array:
        """A label for each row, the same for connected rows: similar pairs, those with the same tokens but for their
        numbers, and those with the template of one evaluation problem.
        """
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        lefts, rights = [], []
        for left, right in self._pairs(rows):
            lefts.append(left)
            rights.append(right)
        left, right = np.concatenate(lefts), np.concatenate(rights)
        ones = np.ones(len(left), np.int8)
        graph = coo_matrix((ones, (left, right)), shape=(len(rows), len(rows)))
        labels: Array = connected_components(graph, directed=False)[1]
        return labels

    def _pairs(self, rows: Array) -> Iterator[tuple[Array, Array]]:
        stored = self.order[rows]
        template = self._columns["template"][stored]
        yield _to_first(template, template != 0)
        # Few words of a short problem are left where each of its numbers is another one: MinHash finds no such twins.
        yield _to_first(self._columns["pattern"][stored], np.ones(len(rows), bool))
        for band in range(BANDS):
            values = self._columns["minhash"][stored, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
            mixed = np.zeros(len(rows), np.uint64)
            for column in range(ROWS):
                mixed = (mixed ^ values[:, column]) * np.uint64(0x9E3779B97F4A7C15)
                mixed ^= mixed >> np.uint64(29)
            left, right = _to_first(mixed, np.ones(len(rows), bool))
            similar = self._similar(stored[left], stored[right])
            yield left[similar], right[similar]

    def _similar(self, left: Array, right: Array) -> Array:
        """Which pairs have similar shingles; a part at a time, because each takes 240 bytes a row."""
        found = np.zeros(len(left), bool)
        for start in range(0, len(left), 100_000):
            part = slice(start, start + 100_000)
            equal = self._columns["minhash"][left[part]] == self._columns["minhash"][right[part]]
            found[part] = equal.mean(axis=1) >= SIMILAR
        return found

    def _template(self, rows: Array) -> None:
        """Rows of one template: the same number for all, and those that are one problem retyped are dropped."""
        first = int(self.order[rows[0]])
        self.group[rows] = self._columns["high"][first] | np.uint64(1)
        by_numbers: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_numbers[int(self._numbers[row])].append(int(row))
        for same in by_numbers.values():
            if len(same) > 1:
                self._drop_retyped(same)

    def _drop_retyped(self, rows: Sequence[int]) -> None:
        """Drop rows with equal numbers whose tokens and answers are those of an earlier row."""
        kinds: list[tuple[int, frozenset[str], Any]] = []
        for row in rows:
            record = self._record(row)
            tokens = tokens_of(record["problem"])
            words = frozenset(" ".join(run) for run in zip(tokens.all, tokens.all[1:] or ("",), strict=False))
            for known, known_words, answer in kinds:
                union = len(words | known_words)
                if union and len(words & known_words) / union >= RETYPED and _same(answer, record["answer"]):
                    self.duplicate_of[row] = known
                    break
            else:
                if len(kinds) < MAX_KINDS:
                    kinds.append((row, words, record["answer"]))

    def _join(self, kept: Sequence[int]) -> None:
        """Put a row that a person keeps into the group of the one that it repeats or contradicts."""
        for row in kept:
            other = self._conflicts_with.get(row, int(self.duplicate_of[row]))
            if other >= 0:
                number = self.group[other] or self.group[row] or self._columns["high"][self.order[other]] | np.uint64(1)
                self.group[[row, other]] = number

    def _same_as(self, kept: int, rows: Sequence[int]) -> None:
        for row in rows:
            self.duplicate_of[row] = kept

    def _record(self, row: int) -> dict[str, Any]:
        return self._records.at(self._offset[row])


def group_name(number: int) -> str:
    """Return the name of a group."""
    return f"{number:016x}"


def template_group(name: str) -> int:
    """Return the number of the group of a row that shares its template only with an evaluation problem."""
    return hash64(name) | 1


def _answer_of(record: Record) -> Any:
    """The right answer of a row. More tests of a task, as HumanEval+ has them, do not contradict fewer ones."""
    return SCORED_BY_TESTS if record["kind"] == SCORED_BY_TESTS else record["answer"]


def _same(left: Any, right: Any) -> bool:
    return bool(left == right or verify(left, _one(right)) or verify(right, _one(left)))


def _one(answer: Any) -> str:
    return str(answer[0] if isinstance(answer, list) and answer else answer)


def _equal(values: Array) -> Iterator[Array]:
    """Yield where equal values stand, in their order, for each value that stands twice or more."""
    if not len(values):
        return
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(values))
    for number in np.flatnonzero(ends - starts > 1):
        yield order[starts[number] : ends[number]]


def _to_first(values: Array, is_meant: Array) -> tuple[Array, Array]:
    """Pairs of each value with the first one that equals it."""
    meant = np.flatnonzero(is_meant)
    if not len(meant):
        return meant, meant
    _, first, inverse = np.unique(values[meant], return_index=True, return_inverse=True)
    left, right = meant[first[inverse]], meant
    differ = left != right
    return left[differ], right[differ]
