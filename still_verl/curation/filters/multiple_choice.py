"""Is one of several options to be chosen?"""

import re

from still_verl.curation.filters.lost_options import (
    are_lost,
    asked_to_choose,
    is_marked,
    is_spoken_of,
    option_named,
)
from still_verl.curation.filters.marks import are_options, find_marks
from still_verl.curation.rows import Row

# "Which of the following are fusion, and which are fission?" Each is judged.
_CLASSIFIES = re.compile(r"\b(?:and|or) which\b|\bwhich of the following (?:\w+ ){0,4}?are (?!true|correct|false)")


def multiple_choice(row: Row) -> str:
    """Drop a problem with options: a guess is right too often, and the letter says nothing outside of it."""
    marks = find_marks(row.problem)
    named = option_named(row)
    if len(marks) >= (2 if named else 3) and are_options(row, marks):
        return f"it has options from {marks[0].letter} to {marks[-1].letter}"
    if len(marks) < 2:
        return _without_letters(row, named)
    asked = asked_to_choose(row.plain)
    if asked and len(marks) < 3 and not _CLASSIFIES.search(row.plain):
        return f"it asks to choose: {asked!r}"
    return ""


def _without_letters(row: Row, named: str) -> str:
    if are_lost(row):  # `incomplete` says so
        return ""
    if named and (is_marked(row.problem) or not is_spoken_of(row, named)):
        return f"the answer is an option, which has no letter: {row.right_answers[0]!r:.20}"
    asked = asked_to_choose(row.plain)
    if asked and not _CLASSIFIES.search(row.plain):
        return f"it asks to choose: {asked!r}"
    return ""
