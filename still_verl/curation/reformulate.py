"""Turns multiple choice into an open question, where the right option is a value."""

import re
from dataclasses import replace

from still_verl.curation.filters.marks import Mark, are_options, find_marks
from still_verl.curation.rows import Fields, Row

OF_CHOICES = "multiple_choice"  # the label of a row that an open question no longer deserves
_LETTER = re.compile(r"\W*(?:\\(?:text|textbf|mathrm)\s*\{)?\W*([A-Ha-h])\W*")
_REFERS_TO_OPTIONS = re.compile(
    r"\bof (?:the following|these)\b|\b(?:following|options?|choices?|statements?|letter)\b|\bwhich (?:one|is"
    r"|are)\b|\bnone of\b"
    # Without its options such a question has many right answers.
    r"|(?:\A|[.?!]\s+|\n\s*)which\b|\b(?:closest|nearest to|approximate(?:ly|s)?|estimate|except)\b"
    r"|\b(?:could|may|might) be\b|\b(?:is|are|does|do|can) not\b|下列|下面|以下|可能|最接近|不是|不正确",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[\d\s+\-*/^=().,:$\\{}a-zA-Z√π°%|!_<>]{1,80}")
_WORDS = re.compile(r"(?<!\\)\b[a-zA-Z]{3,}")
_EDGE = re.compile(
    r"^(?:[\s$~,;:}{]|\\(?![a-zA-Z{]))*(?=[^\s$~,;:}{])|[\s$~,;.\\]*(?:\\(?:qquad|quad|textbf|text|mathrm)\s*\{?|\*\*|\{)*[\s$~,;.\\]*$"
)


def as_open_question(row: Row) -> Fields:
    """Return the fields of a row; of multiple choice whose right option is a value, those of the open question.

    The column `reformulated` marks it. A question that speaks of its options stays as it is.
    """
    fields = row.fields
    marks = find_marks(row.problem)
    stem = stem_of(row)
    if not stem or not row.right_answers:
        return fields
    if _LETTER.fullmatch(row.right_answers[0]):
        value = text_of_option(row)
    else:
        texts = [text.strip("$ ") for text in _texts(row.problem, marks).values()]
        value = row.right_answers[0] if row.right_answers[0].strip("$ ") in texts else ""
    if not value or not _VALUE.fullmatch(value) or _WORDS.search(value) or value.count("{") != value.count("}"):
        return fields
    return replace(fields, problem=stem, answer=value, extra={**fields.extra, "reformulated": "choices"})


def stem_of(row: Row) -> str:
    """Return what is in front of the options of a problem; "" where there are none, or it asks for one of them."""
    marks = find_marks(row.problem)
    if len(marks) < 3 or not are_options(row, marks):
        return ""
    stem = row.problem[: marks[0].start].rstrip(" \n\t$~\\")
    return "" if _REFERS_TO_OPTIONS.search(stem) else stem


def text_of_option(row: Row) -> str:
    """Return what the option says whose letter is the right answer; "" where no letter is."""
    letter = _LETTER.fullmatch(row.right_answers[0]) if row.right_answers else None
    marks = find_marks(row.problem)
    if not letter or not marks:
        return ""
    return _texts(row.problem, marks).get(letter[1].upper(), "")


def _texts(problem: str, marks: list[Mark]) -> dict[str, str]:
    """The text of each option."""
    ends = [mark.start for mark in marks[1:]] + [len(problem)]
    found = {}
    for mark, end in zip(marks, ends, strict=True):
        found[mark.letter.upper()] = _EDGE.sub("", problem[mark.end : end].split("\n\n")[0]).strip()
    return found
