"""Is one of several options to be chosen?"""

import re

from still_verl.curation.rows import Row

# An option begins with its letter: (A)  A)  A.  \textbf{(A)}  $\mathrm{(A)}$  **A**
_OPTION = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[}$~,;.\]]))(?:\\(?:textbf|text|mathrm|textrm|mathbf|rm|bf)\s*\{?\s*|\*\*|\$|\{|\\ )*"
    r"(?:\(\s*([A-Ha-h])\s*\)|([A-H])\s*[).:](?=\s|\\|\$|~|\}|\*|\d|-)|([A-H])\)(?=[a-zA-Z+]))",
    re.MULTILINE,
)
_FIRST = re.compile(r"\(\s*[Aa]\s*\)|A\s*[).:]")
_IN_WORDS = re.compile(
    r"\bwhich (?:one )?of the following\b|\b(?:choose|select|pick) (?:the )?(?:correct|right|best"
    r"|one of the following)\b"
    r"|\bletter of the correct\b|\bwhich of these\b|\btrue or false\b|\bt/f:"
)
_LETTER = re.compile(r"\W*(?:\\(?:text|textbf|mathrm)\s*\{)?\W*[A-H]\W*")


def options(text: str) -> list[tuple[str, int, int]]:
    """Return the options of a problem as (letter, start, end of its mark), if they are A, B, ... in turn."""
    longest: list[tuple[str, int, int]] = []
    if not _FIRST.search(text):
        return longest
    found: list[tuple[str, int, int]] = []
    for mark in _OPTION.finditer(text):
        letter = (mark[1] or mark[2] or mark[3]).upper()
        if letter == "A":
            found = []
        if letter == chr(ord("A") + len(found)):
            found.append((letter, mark.start(), mark.end()))
        if len(found) >= len(longest):  # a single (A) behind the options only names one of them
            longest = found
    return longest


def multiple_choice(row: Row) -> str:
    """Drop a problem with options: a guess is right too often, and the letter says nothing outside of it."""
    letters = [letter for letter, _, _ in options(row.problem)]
    if len(letters) >= 3 and not _asks_for_parts(row, letters):
        return f"it has options from {letters[0]} to {letters[-1]}"
    if (
        row.right_answers
        and _LETTER.fullmatch(row.right_answers[0])
        and (len(letters) >= 2 or _IN_WORDS.search(row.plain))
    ):
        return f"the answer is the letter of an option: {row.right_answers[0]!r:.20}"
    if _IN_WORDS.search(row.plain):
        return f"it asks to choose: {_IN_WORDS.search(row.plain)[0]!r}"  # type: ignore[index]
    return ""


def _asks_for_parts(row: Row, letters: list[str]) -> bool:
    """Whether (a), (b), (c) are parts of a question: small letters, each with something to do."""
    small = re.findall(
        r"\(([a-h])\)\s*(?:find|compute|show|prove|determine|what|how|calculate|is|if|evaluate)", row.plain
    )
    return len(small) >= 2 and not re.search(r"\([A-H]\)", row.problem)
