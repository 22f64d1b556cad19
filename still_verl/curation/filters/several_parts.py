"""Are there several questions, of which one answer tells only one?"""

import re

from still_verl.curation.filters.asking import asks
from still_verl.curation.filters.marks import are_options, are_parts, are_small, find_marks, has_labels
from still_verl.curation.filters.several_answers import is_list
from still_verl.curation.rows import Row

# (a)  (1)  (ii) anywhere; a)  a.  1.  at the start of the text, of a line or of a sentence; part a:
_PART = re.compile(
    r"(?:^|[\s.;:?])(?:\(\s*([a-e]|[1-5]|i{1,3}|iv)\s*\)|(?<![^\n.;:?])\s{0,20}([a-e]|[1-5])\s*[).](?=\s)"
    r"|part\s+([a-e1-5])\s*[:.)])\s*",
    re.IGNORECASE,
)
# A verb at the start of a clause: a step or a condition also speaks of a "prime factor", or of "what it got".
_ASKS = re.compile(
    r"\?|(?:^|[.;:]\s+|,\s+|\b(?:and|then|hence)\s+)(?:also\s+|then\s+|hence\s+)?"
    r"(?:find|compute|prove|show|determine|calculate|evaluate|solve|sketch|draw the|discuss|explain|simplify|factor"
    r"|express|write|state|what|how (?:many|much))\b",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"\n\s*\n")
_SIGNS = str.maketrans({"Ⅰ": "1", "Ⅱ": "2", "Ⅲ": "3", "①": "(1)", "②": "(2)", "③": "(3)"})
_ORDER = ("abcde", "12345")


def several_parts(row: Row) -> str:
    """Drop a problem with parts (a), (b), ... that ask something, or with an answer for each of several questions."""
    return _marked(row) or _in_list(row) or _in_sentences(row) or _in_answer(row)


def _in_list(row: Row) -> str:
    """(a), (b), (c) that are no options: what is asked is asked of each."""
    marks = find_marks(row.problem)
    if len(marks) < 2 or not are_small(marks) or are_options(row, marks) or not are_parts(row, marks):
        return ""
    return f"it has parts from {marks[0].letter} to {marks[-1].letter}"


def _in_sentences(row: Row) -> str:
    asked = asks(row.plain)
    if asked < 2:
        return ""
    if row.fields.answer in (None, ""):
        return f"it asks {asked} questions"
    has_one = not row.right_answers or not is_list(row.right_answers[0])
    return "" if has_one else f"it asks {asked} questions, and has an answer for each"


def _in_answer(row: Row) -> str:
    return f"its answer has parts: {row.right_answers[0]!r:.60}" if has_labels(row) else ""


def _marked(row: Row) -> str:
    marks: list[str] = []
    starts: list[int] = []
    problem = row.problem if row.problem.isascii() else row.problem.translate(_SIGNS)
    for part in _PART.finditer(problem):
        mark = (part[1] or part[2] or part[3]).lower()
        mark = str(len(mark)) if set(mark) == {"i"} else mark
        if mark in ("a", "1"):
            marks, starts = [], []
        marks.append(mark)
        starts.append(part.end())
    if len(marks) < 2 or not "".join(marks).startswith(tuple(order[: len(marks)] for order in _ORDER)):
        return ""
    texts = [problem[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    # What follows a blank line is not of the last part: conditions (1), (2) with a question behind them.
    texts[-1] = _PARAGRAPH.split(texts[-1], maxsplit=1)[0]
    asked = sum(_ASKS.search(text) is not None for text in texts)
    if asked < 2:
        return ""
    return f"it has {len(marks)} parts, {asked} of which ask something"
