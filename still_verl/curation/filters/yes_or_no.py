"""Is the right answer one of two, so that a guess is paid every second time?"""

import re

from still_verl.curation.rows import Row

_ONE_OF_TWO = re.compile(r"\W*(?:\\(?:text|textbf|mathrm)\s*\{)?\W*(yes|no|true|false)\W*", re.IGNORECASE)
_LONGEST = 40  # characters of such an answer, with what stands around the word
_LETTER_OF_TWO = re.compile(r"\W*([tfyn])\W*", re.IGNORECASE)
_ASKS_FOR_LETTER = re.compile(r"\b(?:true or false|yes or no|t/f|y/n|t or f|y or n)\b")


def yes_or_no(row: Row) -> str:
    """Drop a problem whose right answer is yes, no, true or false: a guess is right every second time."""
    for gold in row.right_answers:
        if len(gold) > _LONGEST:
            continue
        if _ONE_OF_TWO.fullmatch(gold) or (_LETTER_OF_TWO.fullmatch(gold) and _ASKS_FOR_LETTER.search(row.plain)):
            return f"the answer is one of two, which a guess finds too often: {gold!r:.20}"
    return ""
