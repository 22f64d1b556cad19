"""Has it several answers, where one is asked for?"""

import re

from still_verl.curation.filters.asking import asks
from still_verl.curation.rows import Row
from still_verl.rewards.equivalence.verify import verify

_SEVERAL_ASKED = re.compile(
    r"\b(?:all|both|each|every|list|which of|values|solutions|roots|zeros|zeroes|numbers|integers|primes|pairs?"
    r"|triples?|tuples?"
    r"|coordinates|points?|vertices|separated|comma|sets?|factors|divisors|dimensions|lengths|sides|angles"
    r"|vectors?|interval"
    r"|respectively|smallest and|largest and|ordered|functions|equations|sequence|matrix|domain|range|solve|terms"
    r"|digits"
    r"|possible|order|they|them|and)\b"
)
_BRACKET = re.compile(r"[(\[{⟨]|\\[{lb]")
_THOUSANDS = re.compile(r"(?<=\d),(?:\\!)?(?=\d{3}(?!\d))|\\,|\\!")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}")
_BETWEEN = re.compile(r"[,;]|\s(?:or|and)\s")
MAX_LENGTH = 300  # characters of an answer that may be a list


def several_answers(row: Row) -> str:
    """Drop a row with right_answers that differ from each other, or a list of values where the problem asks for one."""
    right_answers = row.right_answers
    for other in right_answers[1:]:
        if not verify(right_answers[0], other):
            return f"its right answers differ: {right_answers[0]!r:.40} and {other!r:.40}"
    if not right_answers or not is_list(right_answers[0]) or _SEVERAL_ASKED.search(row.plain):
        return ""
    if asks(row.plain) > 1:  # one for each question
        return ""
    return f"it asks for one answer and has several: {right_answers[0]!r:.60}"


def is_list(answer: str) -> bool:
    """Return whether an answer has several values side by side, not in brackets."""
    plain = _TEXT.sub(r" \1 ", _THOUSANDS.sub("", answer))
    if len(plain) > MAX_LENGTH or _BRACKET.search(plain):
        return False
    return len(list(filter(str.strip, _BETWEEN.split(plain)))) > 1
