r"""Words of reasoning in responses: verification, reflection, correction (P 5), and the actions of RRA (P 4.2).

A word counts in any case, as a whole word, in the inflections listed here. The study says "includes words like" and
gives no denominator, so counts are reported for each response and for each 1,000 words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from still_verl.rewards.terms import ACTIONS

# P is arXiv 2503.04548 by section; the caption of its figure 4 names the words, the inflections are ours.
WORDS: dict[str, tuple[str, ...]] = {
    "verification": (
        *("verify", "verifies", "verified", "verifying"),
        *("double check", "double checks", "double checked", "double checking"),
        *("confirm", "confirms", "confirmed", "confirming"),
    ),
    "reflection": ("however", "wait", "reflect", "reflects", "reflected", "reflecting"),
    "correction": (
        *("correct", "corrects", "corrected", "correcting"),
        *("revise", "revises", "revised", "revising"),
        *("adjust", "adjusts", "adjusted", "adjusting"),
    ),
}
STEM = 3  # letters
ACTION = "actions"  # the category of RRA's words among the counts

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # kana and Han: written without spaces
_LETTER = rf"[^\W{_UNSPACED}]"
_GAP = r"[\s\u2010-\u2015-]*"  # double check, double-check, a line break, doublecheck
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


class Keywords:
    """Counts the words of each category; `extra` adds words to a category, or a category.

    A response is scanned once for all words together, then only its hits are scanned for each category. Words that
    overlap in the text without one being inside the other count once.
    """

    def __init__(self, extra: Mapping[str, Sequence[str]] | None = None) -> None:
        lists: dict[str, tuple[str, ...]] = dict(WORDS)
        for name, words in (extra or {}).items():
            lists[name] = (*lists.get(name, ()), *words)
        self.categories = tuple(lists)
        self.patterns = {name: pattern(words) for name, words in (lists | {ACTION: ACTIONS}).items()}
        self._any = pattern([*ACTIONS, *(word for words in lists.values() for word in words)])

    def count(self, text: str) -> dict[str, int]:
        """Hits of each category and of `ACTION` in a text, in time linear in its length."""
        hits = "\n".join(self._any.findall(text.lower()))
        return {name: len(words.findall(hits)) for name, words in self.patterns.items()}


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """One expression for a list of words, to be used on lower-case text; the longest of two that both fit wins.

    `re` skips to the letters that a match can begin with, and leaves a branch at its first letter that differs. So
    words are grouped by how they begin, and the look-behind for a whole word stands behind that beginning.
    """
    ordered = sorted(
        {word.strip().lower() for word in words}, key=lambda word: (word[:STEM], len(word), word), reverse=True
    )
    return re.compile("|".join(_branch(stem, list(group)) for stem, group in groupby(ordered, lambda w: w[:STEM])))


def _branch(stem: str, words: Sequence[str]) -> str:
    before = "" if _UNSPACED_CHARACTER.match(stem) else rf"(?<!{_LETTER}{'.' * len(stem)})"
    return f"{re.escape(stem)}{before}(?:{'|'.join(map(_ending, words))})"


def _ending(word: str) -> str:
    after = "" if _UNSPACED_CHARACTER.match(word[-1]) else rf"(?!{_LETTER})"
    return _GAP.join(map(re.escape, re.split(r"[\s-]+", word[STEM:]))) + after


def split_words(text: str) -> list[str]:
    """Words between white space; each character of a script without spaces is a word."""
    return _WORD.findall(text) if not text.isascii() and _UNSPACED_CHARACTER.search(text) else text.split()
