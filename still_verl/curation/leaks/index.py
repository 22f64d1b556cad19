"""Finds the evaluation problems that a text may hold, by the weight of the shingles that are in it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from still_verl.curation.signs import VARIABLE
from still_verl.curation.tokens import Tokens, is_number, tokens_of

SHINGLE = 5  # tokens
SHORT_SHINGLE = 3  # for problems in which nearly every fifth token was changed
PROPOSED = 0.08  # least share of the weight of the shingles of a problem that a row must have
PROPOSED_SHORT = 0.16  # the same with short shingles
NEGLIGIBLE = 0.02  # a smaller share is none
TEMPLATE = 0.5  # with other numbers, so much of the weight of its short shingles must be there to be worth a note
COMMON = 0.01  # of the problems; a shingle that more of them have says nothing
WEIGHT = 2**20  # a nat of the weight of a shingle
SLACK = 24  # tokens that a problem in a longer text may be longer than it is in the evaluation

Shingle = tuple[int, ...]


@dataclass(frozen=True)
class Evaluated:
    """A problem of an evaluation.

    Attributes:
        benchmark: of which it is part.
        id: its name there.
        text: what is asked.
        answer: the right answer.
        tokens: its tokens, with those of its figure.
        numbers: how often each number stands in it.
    """

    benchmark: str
    id: str
    text: str
    answer: str
    tokens: Tokens
    numbers: Counter[str]

    @property
    def name(self) -> str:
        """Return how messages call it."""
        return f"{self.benchmark}/{self.id}"


@dataclass(frozen=True)
class Proposal:
    """A place in a text that may be an evaluation problem.

    Attributes:
        problem: which one.
        start, end: the tokens of the text among which it would be.
        containment: the share of the weight of its 5-token shingles that stands there, from 0 to 1.
        short_containment: the same of its 3-token shingles.
        words: the same of its words, numbers and variables left out.
    """

    problem: Evaluated
    start: int
    end: int
    containment: float
    short_containment: float
    words: float


class EvaluationIndex:
    """All problems of some evaluations, by their shingles."""

    def __init__(self, problems: Iterable[tuple[str, str, str, str]]) -> None:
        """Index problems, each as (benchmark, id, text, answer)."""
        self.problems: list[Evaluated] = []
        self._ids: dict[str, int] = {}
        self._known: set[tuple[Tokens, str]] = set()
        self._sequences: list[tuple[int, ...]] = []
        for benchmark, number, text, answer in problems:
            self._add(benchmark, number, text, answer)
        self._long = _Shingles(self._sequences, SHINGLE)
        self._short = _Shingles(self._sequences, SHORT_SHINGLE)
        self._rarity = self._rarities()

    def propose(self, text: Sequence[str]) -> list[Proposal]:
        """Return where in the tokens of a text an evaluation problem may be, the most likely one first."""
        get = self._ids.get
        ids = [get(token, -1) for token in text]
        short = self._short.shares(ids)
        if not short:
            return []
        long = self._long.shares(ids)
        numbers = numbers_in(text)
        found = []
        for number in short.keys() | long.keys():
            share, long_share = short.get(number, 0.0), long.get(number, 0.0)
            if share < PROPOSED_SHORT and long_share < PROPOSED:
                continue
            # Most proposals end here: a few words in common, and other numbers.
            if share < TEMPLATE and not self.problems[number].numbers <= numbers:
                continue
            found.append(self._at(ids, number))
        found.sort(key=_strength, reverse=True)
        return found

    def holds_exactly(self, text: Sequence[str], problem: Evaluated) -> bool:
        """Return whether all tokens of a problem stand in a text in a row."""
        wanted = problem.tokens.all
        size = len(wanted)
        for start in range(len(text) - size + 1):
            if text[start] == wanted[0] and tuple(text[start : start + size]) == wanted:
                return True
        return False

    def _add(self, benchmark: str, number: str, text: str, answer: str) -> None:
        tokens = tokens_of(text)
        # Sets for avg@32 have each problem 32 times: counted each time, all of its shingles would be common ones.
        if not tokens.all or (tokens, answer) in self._known:
            return
        self._known.add((tokens, answer))
        numbers = Counter(filter(is_number, tokens.all))
        self.problems.append(Evaluated(benchmark, number, text, answer, tokens, numbers))
        self._sequences.append(tuple(self._ids.setdefault(token, len(self._ids)) for token in tokens.all))

    def _rarities(self) -> dict[str, float]:
        """How rare each token is among the problems."""
        rows: Counter[str] = Counter()
        for problem in self.problems:
            rows.update(set(problem.tokens.all))
        return {token: math.log(1 + len(self.problems) / count) for token, count in rows.items()}

    def rarity_of_numbers(self, problem: Evaluated) -> float:
        """Return how much it says that all numbers of a problem stand in a text, in nats."""
        return sum(self._rarity[number] for number in problem.numbers)

    def _at(self, ids: Sequence[int], number: int) -> Proposal:
        """Describe the part of a text in which most of a problem is."""
        problem = self.problems[number]
        places = self._short.places(ids, number) or self._long.places(ids, number)
        width = 2 * len(problem.tokens.all) + SLACK
        start = _densest(places, width)
        inside = [place for place in places if start <= place < start + width]
        first = max(0, inside[0] - SLACK)
        end = min(len(ids), inside[-1] + SHINGLE + SLACK)
        window = ids[first:end]
        return Proposal(
            problem,
            first,
            end,
            self._long.shares(window).get(number, 0.0),
            self._short.shares(window).get(number, 0.0),
            self._word_share(problem, window),
        )

    def _word_share(self, problem: Evaluated, ids: Sequence[int]) -> float:
        there = Counter(ids)
        total = matched = 0.0
        for word, count in Counter(problem.tokens.all).items():
            if not word[0].isalpha() or word == VARIABLE:
                continue
            weight = self._rarity[word]
            total += weight * count
            matched += weight * min(count, there[self._ids[word]])
        return matched / total if total else 0.0


class _Shingles:
    """In which problems each run of a few tokens stands, and how much it weighs in them."""

    def __init__(self, sequences: Sequence[tuple[int, ...]], size: int) -> None:
        self._size = size
        there: dict[Shingle, list[int]] = defaultdict(list)
        for number, ids in enumerate(sequences):
            for shingle in set(_runs(ids, size)):
                there[shingle].append(number)
        count = len(sequences)
        most = max(12, COMMON * count)
        self._problems = {shingle: numbers for shingle, numbers in there.items() if len(numbers) <= most}
        # Whole numbers: a sum of floats in another order is another sum, and to sort takes longer than to add.
        self._weight = {
            shingle: round(WEIGHT * math.log(1 + count / len(numbers))) for shingle, numbers in self._problems.items()
        }
        self._total: Counter[int] = Counter()
        for shingle, numbers in self._problems.items():
            for number in numbers:
                self._total[number] += self._weight[shingle]

    def shares(self, ids: Sequence[int]) -> dict[int, float]:
        """The weight of the shingles of each problem that a text has, as a share of all of the problem's."""
        weights: dict[int, int] = {}
        get, problems, weight_of = weights.get, self._problems, self._weight
        for shingle in problems.keys() & set(_runs(ids, self._size)):
            weight = weight_of[shingle]
            for number in problems[shingle]:
                weights[number] = get(number, 0) + weight
        found = {}
        for number, weight in weights.items():
            share = weight / self._total[number]
            if share >= NEGLIGIBLE:
                found[number] = share
        return found

    def places(self, ids: Sequence[int], number: int) -> list[int]:
        """Where shingles of a problem begin in a text."""
        found = []
        for start, shingle in enumerate(_runs(ids, self._size)):
            if number in self._problems.get(shingle, ()):
                found.append(start)
        return found


def numbers_in(text: Sequence[str]) -> Counter[str]:
    """Return how often each number is in a text. The word "one" may be a number there, or a pronoun.

    Example:
        >>> sorted(numbers_in("2 of the boys have one apple".split()))
        ['1', '2']
    """
    found = Counter(filter(is_number, text))
    ones = text.count("one")
    if ones:
        found["1"] += ones
    return found


def _strength(proposal: Proposal) -> tuple[float, str]:
    """By how much is there; by name where that is equal, so that the order is always the same."""
    return proposal.containment + proposal.words, proposal.problem.name


def _runs(ids: Sequence[int], size: int) -> Iterable[Shingle]:
    return zip(*[ids[start:] for start in range(size)], strict=False)


def _densest(places: Sequence[int], width: int) -> int:
    """Where a window of a width begins that holds the most of some places, which are in order."""
    best, best_start, first = 0, places[0], 0
    for last, place in enumerate(places):
        while place - places[first] >= width:
            first += 1
        if last - first + 1 > best:
            best, best_start = last - first + 1, places[first]
    return best_start
