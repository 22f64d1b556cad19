"""Which answers to one problem are the same: maj@k counts votes for classes of equal answers."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from still_verl.evaluation.rows import Row
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.verify import verify

# Different answers to a problem beyond the most frequent ones are compared with those only: comparing each with each
# takes the square of their number, and answers that nobody else gave win no vote.
MOST_CLASSES = 64

_INTEGER = re.compile(r"[-+]?\d{1,18}")


def with_votes(rows: Sequence[Row], reading: Reading = "strict") -> list[Row]:
    """Return the rows with the class of equal answers that each votes for.

    A right sample votes for the right answer. A sample without an answer votes for nothing, and neither does one whose
    answer is not known.
    """
    answers: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if _is_wrong_answer(row):
            answers.setdefault((row.benchmark, row.problem), Counter())[row.pred or ""] += 1
    classes = {problem: equal_answers(counts, reading) for problem, counts in answers.items()}
    voted = []
    for row in rows:
        vote = None
        if _is_wrong_answer(row):
            vote = classes[row.benchmark, row.problem][row.pred or ""]
        elif row.answered and row.correct:
            vote = row.answer if row.answer is not None else row.pred
        voted.append(replace(row, vote=vote))
    return voted


def _is_wrong_answer(row: Row) -> bool:
    return row.answered and row.correct is False and not row.fault


def equal_answers(counts: Counter[str], reading: Reading = "strict") -> dict[str, str]:
    r"""Return for each answer the most frequent one that it is equal to; ties in the order of first mention.

    Example:
        >>> equal_answers(Counter(["1/2", "0.5", "1/2", "3", "03"]))
        {'1/2': '1/2', '0.5': '1/2', '3': '3', '03': '3'}
    """
    classes: list[str] = []
    by_integer: dict[int, str] = {}
    found: dict[str, str] = {}
    for answer, _ in counts.most_common():
        known = _integer_class(answer, by_integer) or _first_equal(answer, classes, reading)
        if known is None:
            known = answer
            classes.append(answer)
        found[answer] = known
        if _INTEGER.fullmatch(answer):
            by_integer.setdefault(int(answer), known)
    return {answer: found[answer] for answer in counts}


def _integer_class(answer: str, by_integer: dict[int, str]) -> str | None:
    """The class of an integer that is written in digits only; most answers are, and no verifier is needed for them."""
    return by_integer.get(int(answer)) if _INTEGER.fullmatch(answer) else None


def _first_equal(answer: str, classes: Iterable[str], reading: Reading) -> str | None:
    is_integer = bool(_INTEGER.fullmatch(answer))
    for number, known in enumerate(classes):
        if number >= MOST_CLASSES:
            break
        if is_integer and _INTEGER.fullmatch(known):
            continue  # another integer
        if verify(known, answer, reading).equal:
            return known
    return None
