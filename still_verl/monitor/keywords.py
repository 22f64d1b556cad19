r"""Words of reasoning in responses: verification, reflection, correction (P 5), and the actions of RRA (P 4.2).

A word counts in any case, as a whole word, in the inflections listed here. The study says "includes words like" and
gives no denominator, so counts are reported for each response and for each 1,000 words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from still_verl.monitor.categories import SEPARATOR, check_category, parts
from still_verl.monitor.keyword_lists import CORRECT
from still_verl.monitor.registries import KEYWORD_LISTS
from still_verl.monitor.remembered import remembers
from still_verl.rewards.terms import ACTIONS

Words = Mapping[str, Sequence[str]]  # by category
ALL_LISTS = tuple(KEYWORD_LISTS)  # what a job counts unless it says otherwise

# P is arXiv 2503.04548 by section; the caption of its figure 4 names the words, the inflections are ours.
WORDS: dict[str, tuple[str, ...]] = {
    "verification": (
        "verify", "verifies", "verified", "verifying",
        "double check", "double checks", "double checked", "double checking",
        "confirm", "confirms", "confirmed", "confirming",
    ),
    "reflection": ("however", "wait", "reflect", "reflects", "reflected", "reflecting"),
    "correction": (
        *CORRECT, "corrects", "corrected", "correcting", "correction", "corrections",
        "revise", "revises", "revised", "revising",
        "adjust", "adjusts", "adjusted", "adjusting",
    ),
}  # fmt: skip
STEM = 3  # letters
ACTION = "actions"  # the category of RRA's words among the counts
KEYWORD_RATE = re.compile(r"still/keywords/([^/]+)/per_1k_words")  # the metric of each category that a run counts

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # kana and Han: written without spaces
_LETTER = rf"[^\W{_UNSPACED}]"
_GAP = rf"{SEPARATOR}*"  # double check, double-check, a line break, doublecheck
_SPACED_LETTER = re.compile(_LETTER)
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


def keyword_lists(names: Sequence[str] = ALL_LISTS, extra: Words | None = None) -> dict[str, tuple[str, ...]]:
    """Merge keyword lists into one: words by category.

    Args:
        names: of `registries.KEYWORD_LISTS`, or dotted names of your own mappings of categories to words.
        extra: more words of a category, or of a new one.

    Raises:
        ConfigError: there is no such list, or a category or word of it that cannot be one.
    """
    lists = [(f"{KEYWORD_LISTS.key}={name!r}", KEYWORD_LISTS.find(name)) for name in names]
    lists.append(("still.monitor.words", extra or {}))
    merged: dict[str, tuple[str, ...]] = {}
    for key, words_by_category in lists:
        for category, words in words_by_category.items():
            check_category(key, category, words)
            merged[category] = (*merged.get(category, ()), *words)
    return merged


class Keywords:
    """Counts the words of each category of some lists.

    A response is scanned once for all words together, then only its hits are scanned for each category. Words that
    overlap in the text without one being inside the other count once.

    Attributes:
        words: by category; the one list that metrics, alarms, reports and `watch` go by.

    Example:
        >>> Keywords({"planning": ["let me plan"]}).count("Let me plan. However, wait.")
        {'verification': 0, 'reflection': 2, 'correction': 0, 'planning': 1, 'actions': 2}
    """

    def __init__(self, extra: Words | None = None, lists: Sequence[str] = ALL_LISTS) -> None:
        """Compile the lists; `lists` and `extra` are `names` and `extra` of `keyword_lists`."""
        self.words = keyword_lists(lists, extra)
        self.categories = tuple(self.words)
        self.patterns: dict[str, re.Pattern[str]] = {}
        every_word = list(ACTIONS)
        for category, words in self.words.items():
            self.patterns[category] = pattern(words)
            every_word += words
        self.patterns[ACTION] = pattern(ACTIONS)
        self._any = pattern(every_word)
        # Twice as fast: nothing is looked for in the middle of words.
        self._any_ascii = pattern(word for word in every_word if " ".join(parts(word)).isascii())

    @remembers
    def count(self, text: str) -> dict[str, int]:
        """Count the hits of each category and of `ACTION` in a text, in time linear in its length."""
        lower = text.lower()
        expression = self._any_ascii if lower.isascii() else self._any
        hits = "\n".join(expression.findall(lower))
        return {name: len(words.findall(hits)) for name, words in self.patterns.items()}


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Compile one expression for a list of words, to be used on lower-case text; the longest of two that fit wins.

    `re` leaves a branch at its first letter that differs. So words are grouped by how they begin, and are looked for at
    the beginning of a word only, if they begin with a letter of a script with spaces.
    """
    anywhere: list[str] = []
    at_beginning: list[str] = []
    # By length, then by letter, so that a list always gives the same expression.
    for word in sorted(sorted({" ".join(parts(word)) for word in words}, reverse=True), key=len, reverse=True):
        (at_beginning if _SPACED_LETTER.match(word) else anywhere).append(word)
    branches = []
    if at_beginning:
        branches.append(f"(?<!{_LETTER})(?:{_grouped(at_beginning)})")
    if anywhere:
        branches.append(_grouped(anywhere))
    return re.compile("|".join(branches))


def _grouped(words: Sequence[str]) -> str:
    """Return the expression of some words, the longest first, by their first letter, and within by their stem."""
    by_letter: dict[str, dict[str, list[str]]] = {}
    for word in words:
        # Not beyond the first space: what is there may be written differently in a text.
        stem = word[:STEM].partition(" ")[0]
        by_letter.setdefault(word[0], {}).setdefault(stem, []).append(word)
    branches = []
    for letter, by_stem in by_letter.items():
        # Backwards, so that a longer stem comes before the one that it begins with.
        stems = [_branch(stem, by_stem[stem]) for stem in sorted(by_stem, reverse=True)]
        branches.append(f"{_literal(letter)}(?:{'|'.join(stems)})")
    return "|".join(branches)


def _branch(stem: str, words: Sequence[str]) -> str:
    """Return the expression of the words that begin with a stem, behind its first letter."""
    # One boundary for all words in a row that have one: Python takes a millisecond to compile each.
    runs = [_endings(list(run), len(stem), bounded) for bounded, run in groupby(words, _has_boundary)]
    return f"{_literal(stem[1:])}(?:{'|'.join(runs)})"


def _has_boundary(word: str) -> bool:
    """Whether no letter may follow a word; one may in a script without spaces, and after a punctuation mark."""
    return bool(_SPACED_LETTER.match(word[-1]))


def _endings(words: Sequence[str], start: int, bounded: bool) -> str:
    """Return the expression of what comes after the stem of some words, up to their boundary."""
    # No piece has a separator in it, so no text can be matched in many ways: the time stays linear.
    endings = "|".join(_GAP.join(map(_literal, word[start:].split(" "))) for word in words)
    after = ""
    if bounded:
        after = rf"(?!{_LETTER})"
    return f"(?:{endings}){after}"


def _literal(piece: str) -> str:
    """Return the expression of a piece of a word, in which either apostrophe is the other."""
    return re.escape(piece).replace("'", "['\u2019]")


def split_words(text: str) -> list[str]:
    """Split a text at white space; each character of a script without spaces is a word."""
    if text.isascii() or not _UNSPACED_CHARACTER.search(text):
        return text.split()
    return _WORD.findall(text)
