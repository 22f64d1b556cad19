"""Answers in words: prose, "no solution", "all real numbers", small numbers; and which words may be left out."""

import re

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Interpretations, Words
from still_verl.rewards.equivalence.read.units import NUMBERS, changes_number

# Not the sign of a number, nor its factorial.
_PUNCTUATION = re.compile(r"[‹›\"'{},;:?$\\]|(?<![\d)])!|\.(?!\w)|(?<=\b[a-z])\.|(?<=[a-z›])-(?=[a-z‹])")
_FILLERS = re.compile(r"\b(?:the|an|all|any|every|each|set of|is|are)\b")  # they only say "in general"
_ARTICLE = re.compile(r"\ba\b(?=\s+[a-zA-Z])|^\W*A\b(?=\s+[a-z])")  # not the letter of `Point A`
DENYING = "不非没無无错误假除"  # signs of Chinese with which a word denies what stands beside it
_TELLING = re.compile(
    rf"\d|\b(?:not|no|nor|never|neither|except|without|than|isn|one of|either|or|if|unless|but|wrong|false|incorrect|"
    rf"invalid|impossible)\b|[{DENYING}]"
)
_NOTHING = re.compile(
    r"(?:there |.* ha(?:s|ve) )?no (?:such )?(?:real |integer |positive )*(?:solutions?|roots?|values?|numbers?|"
    r"integers?|pairs?|triples?|functions?|polynomials?|primes?|[a-z])(?: exists?)?|none|does not exist|dne|empty set|∅"
)
_EVERYTHING = re.compile(r"ℝ|(?:possible )?reals?(?: numbers?| values?)?(?: [a-z])?")
_OF_ALL = re.compile(r"(?<=s) [a-z]$")  # the letter of "all integers n"


def says_little(words: str) -> bool:
    """Say whether words may be left out beside an answer: they deny nothing, and hold no number of their own."""
    return _TELLING.search(words.lower()) is None


def plain_words(text: str) -> str:
    """Return the words of `text` in lower case, without marks, punctuation and words that say little."""
    text = _ARTICLE.sub(" ", text).replace("∧", " and ").replace("∨", " or ").lower()
    text = _PUNCTUATION.sub(" ", text)
    return " ".join(_FILLERS.sub(" ", text).split())


def read_sets_in_words(text: str) -> Interpretations:
    """Read "no solution", "none" or `⦃⦄` as the empty set, and "all real numbers" as the set of reals."""
    words = plain_words(text) if "‹" in text else text
    if text.replace(" ", "") == "⦃⦄" or _NOTHING.fullmatch(words):
        return (NOTHING,)
    if _EVERYTHING.fullmatch(text) or _EVERYTHING.fullmatch(words):
        return (EVERYTHING,)
    return ()


def read_count(text: str) -> str:
    """Return "seven" as `7`, "minus six" as `-6`, "sixty-six apples" as `66‹apples›`; empty without such a number."""
    sign = "-" if text.lstrip().startswith("-") else ""
    words = plain_words(text.lstrip().removeprefix("-")).split()
    if words and words[0] in ("minus", "negative"):
        sign, words = "-", words[1:]
    for size in (2, 1):
        count = NUMBERS.get(" ".join(words[:size]))
        behind = " ".join(words[size:])
        if count and says_little(behind) and not changes_number(behind):
            return f"{sign}{count}‹{behind}›" if behind else sign + count
    return ""


def read_words(text: str) -> Interpretations:
    """Read prose, when there is any."""
    words = plain_words(text)
    if "‹" in text and words:
        return (Words(_OF_ALL.sub("", words)),)
    return ()
