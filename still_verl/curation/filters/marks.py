"""What the marks (a), (b), (c) in a problem are: options to choose from, parts of a question, or conditions."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from still_verl.curation.filters.asking import BEGINS_REQUEST, last_sentence
from still_verl.curation.filters.lost_options import option_named
from still_verl.curation.rows import Row
from still_verl.curation.tokens import FIGURE

# A mark is a letter: (A)  A)  A.  A:  \textbf{(A)}  $\mathrm{(A)}$  **A**  or a) and a. at the start of a line
_MARK = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[}$~,;.\]])|(?<=quad))"
    r"(?:\\(?:textbf|text|mathrm|textrm|mathbf|rm|bf)\s{0,2}\{?\s{0,2}|\*\*|\$|\{|\\ ){0,6}"
    r"(?:\(\s*([A-Ha-h])\s*\)|([A-H])(?:\s*[).]|:)(?=\s|\\|\$|~|\}|\*|\d|-)|([A-H])\)(?=[a-zA-Z+])"
    r"|(?<=\n)([a-h])[).](?=\s)|([A-H])\s?[．、])",
    re.MULTILINE,
)
_FIRST = re.compile(r"\(\s*[Aa]\s*\)|A\s*[).:．、]|\na[).]")
_ASKS = re.compile(r"\b(?:what|how|find|calculate|determine|compute)\b", re.IGNORECASE)
_OF_EACH = re.compile(r"\b(?:each|the following|these)\b", re.IGNORECASE)
_JOINED = re.compile(r"\band\b[\s,:]*$")
_CHOOSES = re.compile(r"\W*(?:choose|select|pick)\b", re.IGNORECASE)
_NEXT_SENTENCE = re.compile(r"[.!]\s+[A-Z]")
# "Find all n such that (a) n is odd; (b) n > 3": what is asked is asked once, of all of them.
_CONDITIONS = re.compile(
    r"\b(?:such that|so that|given that|where|when|if|with|for which|hold|satisf(?:y|ies|ying)[^.?!]{0,60})\s*[:,]?\s*$"
    r"|\b(?:conditions|properties|rules|requirements|constraints)\b[^.?!]{0,30}\s*[:,?]?\s*$",
    re.IGNORECASE,
)
_LONGEST_CONDITION = 200  # characters of the end of a sentence that are searched for it
# "Box A: 3 balls. Box B: 5 balls. Box C: 2 balls. How many ...?" has a value; of options a letter is asked for.
_NEW_SENTENCE = re.compile(r"[.!?;]\s+(?=[A-Z$\\])|\n\s*(?=[A-Z$\\])")
_VALUE_ASKED = re.compile(
    r"\?|\b(?:find|compute|determine|calculate|evaluate|what|how (?:many|much|far|long|old))\b", re.IGNORECASE
)
_LETTER_ASKED = re.compile(
    r"\b(?:letters?|choices?|options?|answers?|enter|type|select|choose|quotes|none of)\b", re.IGNORECASE
)
_LABELLED = re.compile(r"\W*a\s*[.)].*[\s;,.]\W*b\s*[.)]", re.IGNORECASE | re.DOTALL)  # a. 0.5; b. 2
_LONGEST_ANSWER = 300  # characters that are searched for labels


class Mark(NamedTuple):
    """A mark in a problem: its letter as it is written, and where the mark starts and ends."""

    letter: str
    start: int
    end: int


def find_marks(text: str) -> list[Mark]:
    """Return the marks of a problem, if they are A, B, ... or a, b, ... in turn."""
    longest: list[Mark] = []
    if not _FIRST.search(text):
        return longest
    text = FIGURE.sub(_blank, text)  # its points have names
    found: list[Mark] = []
    for mark in _MARK.finditer(text):
        letter = mark[mark.lastindex or 0]
        if letter in "Aa":
            found = []
        if letter.upper() == chr(ord("A") + len(found)):
            found.append(Mark(letter, mark.start(), mark.end()))
        if len(found) >= len(longest):  # a single (A) behind the options only names one of them
            longest = found
    return longest


def are_options(row: Row, marks: Sequence[Mark]) -> bool:
    """Say whether one of what is marked is to be chosen."""
    if option_named(row):
        return True
    stem = row.problem[: marks[0].start]
    asked = last_sentence(stem)
    if _CONDITIONS.search(asked[-_LONGEST_CONDITION:]):
        return False
    if not are_small(marks):
        return not _is_value_asked_behind(row.problem, marks)
    if has_labels(row) or ask_each(row.problem, marks) or not re.search(r"\w", stem):
        return False
    if _are_joined(row.problem, marks):
        return False
    if BEGINS_REQUEST.match(asked) and not asked.endswith("?"):
        return _CHOOSES.match(asked) is not None
    # Conditions have their question behind them.
    return not _is_asked_behind(row.problem, marks)


def are_parts(row: Row, marks: Sequence[Mark]) -> bool:
    """Say whether each of what is marked has an answer of its own."""
    return has_labels(row) or ask_each(row.problem, marks) or _are_asked_for(row.problem, marks)


def are_small(marks: Sequence[Mark]) -> bool:
    """Say whether all letters are small: parts may have them, options mostly have not."""
    return all(mark.letter.islower() for mark in marks)


def has_labels(row: Row) -> bool:
    """Say whether the right answer has labels of its own: a. 0.5; b. 2."""
    return bool(row.right_answers) and _LABELLED.match(row.right_answers[0][:_LONGEST_ANSWER]) is not None


def ask_each(text: str, marks: Sequence[Mark]) -> bool:
    """Say whether behind at least two of the marks something is asked."""
    asking = [behind for behind in _behind(text, marks) if "?" in behind or BEGINS_REQUEST.match(behind)]
    return len(asking) >= 2


def _are_asked_for(text: str, marks: Sequence[Mark]) -> bool:
    """Whether what is asked before the marks is asked of each: Calculate it at (a) 60 Hz and (b) 50 Hz."""
    asked = last_sentence(text[: marks[0].start])
    if not (BEGINS_REQUEST.match(asked) or _ASKS.search(asked)) or _CONDITIONS.search(asked[-_LONGEST_CONDITION:]):
        return False
    is_of_each = _OF_EACH.search(asked) is not None or _are_joined(text, marks)
    return is_of_each and not _is_asked_behind(text, marks)


def _is_asked_behind(text: str, marks: Sequence[Mark]) -> bool:
    """Whether a question of its own follows what the last mark has."""
    behind = _behind(text, marks)[-1]
    follows = _NEXT_SENTENCE.search(behind)
    return follows is not None and "?" in behind[follows.end() :]


def _is_value_asked_behind(text: str, marks: Sequence[Mark]) -> bool:
    """Whether a sentence behind the last mark asks for something other than a letter."""
    behind = FIGURE.sub(_blank, text)[marks[-1].end :]
    follows = _NEW_SENTENCE.search(behind)
    if follows is None or not _VALUE_ASKED.search(behind, follows.end()):
        return False
    return _LETTER_ASKED.search(behind, follows.end()) is None


def _are_joined(text: str, marks: Sequence[Mark]) -> bool:
    return _JOINED.search(text[: marks[-1].start]) is not None


def _behind(text: str, marks: Sequence[Mark]) -> list[str]:
    """The text behind each mark."""
    ends = [mark.start for mark in marks[1:]] + [len(text)]
    return [text[mark.end : end] for mark, end in zip(marks, ends, strict=True)]


def _blank(found: re.Match[str]) -> str:
    """As many spaces, so that what is behind stays where it is."""
    return " " * len(found[0])
