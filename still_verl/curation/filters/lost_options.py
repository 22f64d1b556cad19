"""Whether an option has to be chosen of which the text shows none."""

import re

from still_verl.curation.rows import Row
from still_verl.curation.tokens import mentions

# D  (d)  \text{(D)}  but not d, which may be a variable
_OPTION = re.compile(r"[\s$.\\]*(?:(?:text|textbf|mathrm)\s*\{)?\W*?(?:\(\s*([A-Ha-h])\s*\)|([A-H]))[\s.$}]*")
# What has a letter as its value: "Which letter comes next?", "What is the symbol of carbon?"
_LETTER_ASKED = re.compile(r"\b(?:letter|symbol|numeral|hexadecimal)\b")
_LONGEST = 40  # characters of an answer that names an option
_CHOOSES = re.compile(
    r"\bwhich (?:one )?of the following\b|\bletter of the correct\b"
    r"|(?:^|[^\w\s]\s?|\b(?:and|then|or|please) )(?:choose|select|pick) (?:the )?(?:correct|right|best"
    r"|one of the following)\b"
)
_IN_BRACKETS = re.compile(r"\([^()]*\)|<[^<>]*>|\[[^\[\]]*\]")
_MARKS = ("ABC", "FGH")  # (F) (G) (H) (J) in every second question of the ACT
_SHORTEST_LIST = 3  # words behind the question
# A list stands behind ":", has commas or "or", or lines of its own.
_LIST = re.compile(r"[:,\n\d]|\bor\b")


def asked_to_choose(plain: str) -> str:
    """Return the words by which a text in lower case asks to choose, "" where it does not."""
    if not mentions(plain, ("of the following", "letter of", "choose", "select", "pick")):
        return ""
    found = _CHOOSES.search(plain)
    return found[0] if found else ""


def option_named(row: Row) -> str:
    """Return the letter of the option that the right answer names, "" where it names none."""
    if not row.right_answers or len(row.right_answers[0]) > _LONGEST:
        return ""
    found = _OPTION.fullmatch(row.right_answers[0])
    return (found[1] or found[2]).upper() if found else ""


def are_lost(row: Row) -> bool:
    """Say whether an option is the answer, or is asked for, and the text has no options.

    Which marks there are, is for the caller to look at before.
    """
    asked = asked_to_choose(row.plain)
    named = option_named(row)
    if not (asked or named) or is_marked(row.problem):
        return False
    _, question, behind = row.problem.rpartition("?")
    if question and len(_IN_BRACKETS.sub("", behind).split()) >= _SHORTEST_LIST:
        return False
    if named:
        return bool(asked) or not is_spoken_of(row, named)
    is_question = row.problem.rstrip().endswith("?") and "\n" not in row.problem.strip()
    return is_question and not _LIST.search(row.plain.partition(asked)[2])


def is_marked(text: str) -> bool:
    """Say whether (A), (B) and (C) stand in a text in turn, wherever they are."""
    for letters in _MARKS:
        at = 0
        for letter in letters:
            at = text.find(f"({letter})", at) + 1
            if not at:
                break
        if at:
            return True
    return False


def is_spoken_of(row: Row, letter: str) -> bool:
    """Say whether the problem has the letter as a name (a point C, a side BC), or asks for a letter.

    "A" is mostly an article, unless there is a B beside it: A is taller than B.
    """
    if _LETTER_ASKED.search(row.plain):
        return True
    alone = r"A(?!\s+[a-z])|(?<=\band )B|(?<=\bthan )B" if letter == "A" else letter
    beside_others = rf"[A-Z]{{1,3}}{letter}[A-Z]{{0,3}}|{letter}[A-Z]{{1,3}}"
    return re.search(rf"(?<![A-Za-z])(?:{alone}|{beside_others})(?![A-Za-z])", row.problem) is not None
