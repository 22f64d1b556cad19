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
_ONE_ASKED = re.compile(
    r"\bwhat (?:is|was|will be|would be|must be)\b|\bhow (?:many|much|long|far|old|fast|high|tall|large|big|heavy)\b"
)
_BRACKET = re.compile(r"[(\[{⟨]|\\[{lb]")
_THOUSANDS = re.compile(r"(?<=\d),(?:\\!)?(?=(?:\d\d,){0,4}\d{3}(?!\d))|\\,|\\!")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox)\s*\{([^{}]*)\}")
# 2 hours, 30 minutes and 15 seconds are one value.
_WITH_SMALLER_UNIT = re.compile(
    r"\b(weeks?|days?|hours?|minutes?|feet|foot|pounds?|dollars?|degrees?)(?:,? and|,)"
    r"(?= \d+ (?:days?|hours?|minutes?|seconds?|inch(?:es)?|ounces?|cents?|pence)\b)"
)
_BETWEEN = re.compile(r"[,;]|\s(?:or|and)\s")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_NUMBER = re.compile(r"[^a-zA-Z]*\d[^a-zA-Z]*")  # or a formula of numbers
MAX_LENGTH = 300  # characters of an answer that may be a list
MAX_VALUES = 8  # more are one thing: a sequence, a table


def several_answers(row: Row) -> str:
    """Drop a row with right_answers that differ from each other, or a list of values where the problem asks for one."""
    right_answers = row.right_answers
    for other in right_answers[1:]:
        if not verify(right_answers[0], other):
            return f"its right answers differ: {right_answers[0]!r:.40} and {other!r:.40}"
    if not _ONE_ASKED.search(row.plain) or _SEVERAL_ASKED.search(row.plain) or asks(row.plain) > 1:
        return ""
    if not right_answers or not _are_different_numbers(_parts(right_answers[0])):
        return ""
    return f"it asks for one answer and has several: {right_answers[0]!r:.60}"


def is_list(answer: str) -> bool:
    """Return whether an answer has several parts side by side, not in brackets."""
    return len(_parts(answer)) > 1


def _parts(answer: str) -> list[str]:
    plain = _WITH_SMALLER_UNIT.sub(r"\1", _TEXT.sub(r" \1 ", _THOUSANDS.sub("", answer)))
    if len(plain) > MAX_LENGTH or _BRACKET.search(plain):
        return []
    return [part for part in _BETWEEN.split(plain) if part.strip()]


def _are_different_numbers(parts: list[str]) -> bool:
    """Whether all are numbers, of which two differ.

    `ice caps and glaciers` or `J = 1, K = 1` is one answer in several words or names; `0.5 or 1/2` is one number.
    """
    if not 1 < len(parts) <= MAX_VALUES or not all(_NUMBER.fullmatch(_COMMAND.sub("", part)) for part in parts):
        return False
    return not any(verify(parts[0], other) for other in parts[1:])
