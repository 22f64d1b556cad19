r"""Words of reasoning in responses: verification, reflection, correction (P 5), and the actions of RRA (P 4.2).

A word counts in any case, as a whole word, in the inflections listed here. The study says "includes words like" and
gives no denominator, so counts are reported for each response and for each 1,000 words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from still_verl.monitor.registries import KEYWORD_LISTS, OURS
from still_verl.monitor.settings import check_category
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


def keyword_lists(
    names: Sequence[str] = (OURS,), extra: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Merge keyword lists into one: words by category.

    Args:
        names: of `registries.KEYWORD_LISTS`, or dotted names of your own mappings of categories to words.
        extra: more words of a category, or of a new one.

    Raises:
        ConfigError: there is no such list, or a category or word of it that cannot be one.
    """
    merged: dict[str, tuple[str, ...]] = {}
    lists = [(f"{KEYWORD_LISTS.key}={name!r}", KEYWORD_LISTS.find(name)) for name in names]
    lists.append(("still.monitor.words", extra or {}))
    for key, words_by_category in lists:
        for category, words in words_by_category.items():
            check_category(key, category, list(words))
            merged[category] = (*merged.get(category, ()), *words)
    return merged


class Keywords:
    """Counts the words of each category of some lists.

    A response is scanned once for all words together, then only its hits are scanned for each category. Words that
    overlap in the text without one being inside the other count once.

    Attributes:
        words: by category; the one list that metrics, reports and `watch` go by.

    Example:
        >>> Keywords({"planning": ["let me plan"]}).count("Let me plan. However, wait.")["planning"]
        1
    """

    def __init__(self, extra: Mapping[str, Sequence[str]] | None = None, lists: Sequence[str] = (OURS,)) -> None:
        """`lists` and `extra` are those of `keyword_lists`."""
        self.words = keyword_lists(lists, extra)
        self.categories = tuple(self.words)
        self.patterns = {name: pattern(words) for name, words in self.words.items()}
        self.patterns[ACTION] = pattern(ACTIONS)
        every_word = list(ACTIONS)
        for words in self.words.values():
            every_word += words
        self._any = pattern(every_word)

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
