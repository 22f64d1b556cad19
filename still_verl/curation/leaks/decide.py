"""Decides what a text has in common with an evaluation problem: the problem, perhaps the problem, or its template."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from still_verl.curation.leaks.index import EvaluationIndex, Proposal, numbers_in
from still_verl.curation.tokens import Tokens, is_number

Outcome = Literal["leak", "suspect", "template"]
SameAnswer = Callable[[str], bool | None]  # whether the row's answer equals this one; None where the row has none

SHORT = 20  # tokens; a shorter problem shares its words with many, so all of it must be there
NEARLY_ALL = 0.9  # of the weight of the shingles: the same text, whatever the answer
ANOTHER_ANSWER = 0.7  # enough to suspect a row with the same numbers and another answer
MOST = 0.6  # beside equal numbers and answers
MUCH = 0.45  # enough to suspect it
RARE = 7.0  # nats; numbers that so few problems have in common nearly name the problem
MUCH_BESIDE_RARE_NUMBERS = 0.3
SOME_BESIDE_RARE_NUMBERS = 0.2
SAME_TEMPLATE = 0.5
FEW = 4  # tokens that are replaced at one place
CONTEXT = 2  # equal tokens before and behind it


@dataclass(frozen=True)
class Finding:
    """What a row has in common with one evaluation problem.

    Attributes:
        outcome: the problem ("leak"), perhaps the problem ("suspect"), or only its template ("template").
        proposal: which problem, where and how much of it.
        why: what decided, in words.
        place: in which column of the row.
        passage: the tokens there, of another column than the problem.
    """

    outcome: Outcome
    proposal: Proposal
    why: str
    place: str = "problem"
    passage: tuple[str, ...] = ()


_RANK: dict[Outcome, int] = {"leak": 2, "suspect": 1, "template": 0}


def look_for(index: EvaluationIndex, text: Tokens, same_answer: SameAnswer) -> Finding | None:
    """Return the strongest finding in a text; None where it has nothing in common with the evaluations.

    Args:
        index: the evaluations.
        text: tokens of the row's problem, or of its solution.
        same_answer: compares the row's answer with one of the evaluation's.
    """
    best: Finding | None = None
    for proposal in index.propose(text.all):
        finding = judge(index, text, proposal, same_answer)
        if finding is None:
            continue
        if best is None or _RANK[finding.outcome] > _RANK[best.outcome]:
            best = finding
        if best.outcome == "leak":
            break
    return best


def judge(index: EvaluationIndex, text: Tokens, proposal: Proposal, same_answer: SameAnswer) -> Finding | None:
    """Decide about one proposal."""
    window = text.all[proposal.start : proposal.end]
    problem = proposal.problem
    if index.holds_exactly(window, problem):
        return _exact(text, proposal, same_answer)
    likeness = _likeness(proposal)
    missing = problem.numbers - numbers_in(window)
    replaced = ""
    if not missing and likeness >= SAME_TEMPLATE:
        replaced = replaced_number(problem.tokens.all, window)
    if missing or replaced:
        if likeness < SAME_TEMPLATE:
            return None
        if not replaced and _lost_a_part(proposal, window) and same_answer(problem.answer):
            return Finding("suspect", proposal, "a part of it, with no other number and the same answer")
        return Finding("template", proposal, f"other numbers: {replaced or _listed(missing)}")
    if len(problem.tokens.all) < SHORT:
        return _short(index, proposal, likeness, same_answer)
    return _long(index, proposal, likeness, same_answer)


def _lost_a_part(proposal: Proposal, window: Sequence[str]) -> bool:
    """Whether all numbers of a text are those of the problem, some of which are gone."""
    return not Counter(filter(is_number, window)) - proposal.problem.numbers


def _likeness(proposal: Proposal) -> float:
    """How much of a problem is there: its runs of tokens, or its words where some runs are there too."""
    by_words = proposal.words * min(1.0, 2 * proposal.short_containment)
    return max(proposal.containment, proposal.short_containment, by_words)


def replaced_number(problem: Sequence[str], text: Sequence[str]) -> str:
    """Return a number that stands where the problem has another one, between equal tokens; "" if there is none.

    A number of the problem that only moved, because sentences did, is none.

    Example:
        >>> replaced_number("add 2 apples and 5 pears".split(), "page 5 add 2 apples and 7 pears".split())
        '7 for 5'
    """
    added = Counter(filter(is_number, text)) - Counter(filter(is_number, problem))
    if not added:
        return ""
    changes = SequenceMatcher(None, problem, text, autojunk=False).get_opcodes()
    for before, (kind, start, end, text_start, text_end), after in zip(changes, changes[1:], changes[2:], strict=False):
        if kind != "replace" or end - start > FEW or text_end - text_start > FEW:
            continue
        starts = before[0] == "equal" and before[1] == 0
        if not (_is_context(before) or starts) or not (_is_context(after) or after[2] == len(problem)):
            continue
        wanted = Counter(filter(is_number, problem[start:end]))
        there = Counter(filter(is_number, text[text_start:text_end]))
        if wanted - there and (there - wanted) & added:
            return f"{_listed(there - wanted)} for {_listed(wanted - there)}"
    return ""


def _is_context(change: tuple[str, int, int, int, int]) -> bool:
    """Whether enough tokens are equal here to say that what is beside them stands at the same place."""
    kind, start, end, _, _ = change
    return kind == "equal" and end - start >= CONTEXT


def _exact(text: Tokens, proposal: Proposal, same_answer: SameAnswer) -> Finding | None:
    """All tokens are there in a row; letters may stand for each other."""
    problem = proposal.problem
    if problem.tokens.figure != text.figure and problem.tokens.has_figure and text.has_figure:
        return Finding("template", proposal, "the same words, with other numbers in the figure")
    equal = same_answer(problem.answer)
    if equal:
        return Finding("leak", proposal, "the same tokens and the same answer")
    if equal is False and len(problem.tokens.all) < SHORT and _goes_on(text.all, problem.tokens.all):
        return None  # a part of a longer problem, "What is 2+3" in "What is 2+3*4"
    if equal is None:
        return Finding("leak", proposal, "the same tokens; the row has no answer to compare")
    return Finding("suspect", proposal, "the same tokens, with another answer")


def _goes_on(text: Sequence[str], problem: Sequence[str]) -> bool:
    """Whether a text has more than a problem and some words around it, which may say how to write the answer."""
    more = Counter(text) - Counter(problem)
    return more.total() > SHORT or not all(map(str.isalpha, more))


def _short(index: EvaluationIndex, proposal: Proposal, likeness: float, same_answer: SameAnswer) -> Finding | None:
    is_rare = index.rarity_of_numbers(proposal.problem) >= RARE
    if likeness >= (SOME_BESIDE_RARE_NUMBERS if is_rare else MOST) and same_answer(proposal.problem.answer):
        return Finding("suspect", proposal, "a short problem with the same numbers and answer, in other words")
    return None


def _long(index: EvaluationIndex, proposal: Proposal, likeness: float, same_answer: SameAnswer) -> Finding | None:
    is_rare = index.rarity_of_numbers(proposal.problem) >= RARE
    least = MUCH_BESIDE_RARE_NUMBERS if is_rare else MOST
    least_suspect = SOME_BESIDE_RARE_NUMBERS if is_rare else MUCH
    if likeness < least_suspect:
        return None
    equal = same_answer(proposal.problem.answer)
    if equal and likeness >= least:
        return Finding("leak", proposal, "the same numbers and the same answer")
    if equal:
        return Finding("suspect", proposal, "the same numbers and the same answer, in quite other words")
    if equal is None and proposal.containment >= NEARLY_ALL:
        return Finding("leak", proposal, "nearly all of its text and all of its numbers")
    enough = likeness >= SAME_TEMPLATE if equal is None else proposal.containment >= ANOTHER_ANSWER
    if enough:
        return Finding("suspect", proposal, "the same numbers; the answer is another one, or there is none")
    if likeness >= SAME_TEMPLATE:
        return Finding("template", proposal, "the same numbers, another answer")
    return None


def _listed(numbers: Counter[str]) -> str:
    return ", ".join(sorted(numbers)[:5])
