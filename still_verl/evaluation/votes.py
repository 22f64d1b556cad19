"""Which answers to one problem are the same: maj@k counts votes for classes of equal answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from still_verl.evaluation.exact import are_different_numbers
from still_verl.evaluation.rows import Row
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.verify import verify

# Comparisons of one problem, about. 128 different answers are each compared with each; of more, the rare ones are
# compared with the most frequent ones only: answers that hardly anybody else gave win no vote.
MOST_COMPARISONS = 16_384
FEWEST_CLASSES = 8


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
    most = max(FEWEST_CLASSES, MOST_COMPARISONS // len(counts))
    classes: list[str] = []
    found: dict[str, str] = {}
    for answer, _ in counts.most_common():
        known = _first_equal(answer, classes[:most], reading)
        if known is None:
            classes.append(answer)
        found[answer] = answer if known is None else known
    return {answer: found[answer] for answer in counts}


def _first_equal(answer: str, classes: Sequence[str], reading: Reading) -> str | None:
    for known in classes:
        if not are_different_numbers(known, answer) and verify(known, answer, reading).equal:
            return known
    return None
