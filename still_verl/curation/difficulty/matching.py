"""Says to which problem of a training set a sample belongs, whatever template it was asked with.

A problem is known by its words and signs in a row, as in `evaluation.overlap`: white space and case do not count. One
of less than eight words must fill one line of the prompt, or all of it. And the right answers must agree, so that a
sample of a longer problem, or of an older version of the set, does not count.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from still_verl.curation.difficulty.training_set import Question
from still_verl.curation.unwrap import unwrapped
from still_verl.evaluation.overlap import WINDOW, Words, words_of
from still_verl.evaluation.rows import Row
from still_verl.rewards.equivalence.verify import verify

NOT_THERE = "samples of no problem of the set, left out: {n}"
SEVERAL = "samples that may be of several problems of the set, left out: {n}"
OTHER_ANSWER = "samples whose right answer is another than that of the set, left out: {n}"

_Span = tuple[int, int, Words]  # first word, the one behind the last, the problem's words


class NoMatch(ValueError):
    """A sample belongs to no problem of the set; the message is one of the texts above."""


class Matcher:
    """Finds problems of a training set. Rows that ask the same and have the same answer are one problem.

    Attributes:
        problem_of: the number of the problem of each row, in the order of the rows.
        answers: the right answer of each problem; None where it is no text.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.problem_of: list[int] = []
        self.answers: list[str | None] = []
        self._by_words: dict[Words, list[int]] = {}
        self._by_beginning: dict[Words, set[Words]] = {}
        self._by_id: dict[str, set[int]] = {}
        self._found: dict[str, tuple[Words, ...]] = {}
        for question in questions:
            number = self._number(words_of(question.text), question.answer)
            self.problem_of.append(number)
            self._by_id.setdefault(question.id, set()).add(number)

    def find(self, row: Row) -> int:
        """Return the number of the problem that a sample is of.

        Raises:
            NoMatch: it is of none, of several, or of one with another right answer.
        """
        numbers = self._candidates(row)
        if not numbers:
            raise NoMatch(NOT_THERE)
        fitting = [number for number in numbers if _agree(self.answers[number], row.answer)]
        if not fitting:
            raise NoMatch(OTHER_ANSWER)
        if len(fitting) > 1:
            raise NoMatch(SEVERAL)
        return fitting[0]

    def _number(self, words: Words, answer: str | None) -> int:
        numbers = self._by_words.setdefault(words, [])
        for number in numbers:
            if self.answers[number] == answer:
                return number
        self.answers.append(answer)
        numbers.append(len(self.answers) - 1)
        self._by_beginning.setdefault(words[:WINDOW], set()).add(words)
        return numbers[-1]

    def _candidates(self, row: Row) -> list[int]:
        """All problems whose text the sample was asked; those that have its id where it has no text."""
        # Two problems with one text are told apart by `evaluation.saved` with their answers behind it.
        for text in (row.prompt, row.problem, row.problem.removesuffix(f" [{row.answer}]")):
            found = self._in_text(text)
            if len(found) > 1:
                raise NoMatch(SEVERAL)
            if found:
                return self._by_words[found[0]]
        return [] if row.prompt else sorted(self._by_id.get(row.problem, ()))

    def _in_text(self, text: str) -> tuple[Words, ...]:
        if text not in self._found:
            self._found[text] = self._longest(text) or self._longest(unwrapped(text))
        return self._found[text]

    def _longest(self, text: str) -> tuple[Words, ...]:
        """The problems in a text, without those that are part of another one there."""
        longest: list[_Span] = []
        for span in sorted(self._spans(text), key=_by_place):
            if not longest or span[1] > longest[-1][1]:
                longest.append(span)
        return tuple(dict.fromkeys(words for _, _, words in longest))

    def _spans(self, text: str) -> Iterator[_Span]:
        words = words_of(text)
        if len(words) < WINDOW and words in self._by_words:
            yield 0, len(words), words
        for start in range(len(words) - WINDOW + 1):
            for wanted in self._by_beginning.get(words[start : start + WINDOW], ()):
                end = start + len(wanted)
                if words[start:end] == wanted:
                    yield start, end, wanted
        yield from self._short_lines(text)

    def _short_lines(self, text: str) -> Iterator[_Span]:
        start = 0
        for line in text.split("\n"):
            words = words_of(line)
            if words and len(words) < WINDOW and words in self._by_words:
                yield start, start + len(words), words
            start += len(words)


def _by_place(span: _Span) -> tuple[int, int]:
    """Of two spans that begin together the longer one comes first."""
    return span[0], -span[1]


@lru_cache(maxsize=65_536)
def _agree(answer: str | None, other: str | None) -> bool:
    """Whether two right answers are the same, or one is not known."""
    if answer is None or other is None or answer == other:
        return True
    return bool(verify(answer, other))
