r"""The words and signs of a plain text, with the braces and capitals that tell apart two problems of one normal form.

A brace tells something where it holds signs together, `2^{3+4}`; a capital where it is another symbol, `x` and `X`.
"""

import re
from collections.abc import Iterator

from still_verl.curation.signs import TWO_LETTERS
from still_verl.curation.tokens import IN_CAPITALS

MAX_DEPTH = 5  # of braces that are looked at

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s$\\]")
_BRACE = re.compile(
    r"((?:[\^_/\]]|\b(?:sqrt|choose|log|ln|exp|sin|cos|tan)\b)\s*)?\{([^{}]*)\}(?=(\s*(?:[\^_/]|choose\b))?)"
)
_ONE = re.compile(r"\s*(?:\w|\d+(?:\.\d+)?)\s*")
_HOLDS_A_FRACTION = re.compile(r"/|\bchoose\b")  # `{x+1 \over 2}`
_JOINS = re.compile(r"[+\-*=<>≤≥]")
_ENDS = frozenset(".?!")


def exact_words(plain: str) -> list[str]:
    r"""Return the words and signs of a plain text, in lower case where a capital tells nothing.

    Example:
        >>> exact_words("How much are 5 MW times {x + X}?")
        ['how', 'much', 'are', '5', 'MW', 'times', 'x', '+', 'X', '?']
        >>> exact_words("2^{3+4} and {2^3+4}")
        ['2', '^', '⟦', '3', '+', '4', '⟧', 'and', '2', '^', '3', '+', '4']
    """
    if IN_CAPITALS.search(plain):
        plain = plain.lower()
    plain = plain.replace("\\{", "⟦").replace("\\}", "⟧")
    for _ in range(MAX_DEPTH):  # inner braces first
        if "{" not in plain:
            break
        plain = _BRACE.sub(_held, plain)
    return list(_cased(_WORD.findall(plain)))


def _held(brace: re.Match[str]) -> str:
    before, inside, after = brace.groups()
    holds = before or after or (_HOLDS_A_FRACTION.search(inside) and _JOINS.search(inside))
    if holds and not _ONE.fullmatch(inside):
        return f"{before or ''}⟦{inside}⟧"
    return f"{before or ''} {inside} "


def _cased(words: list[str]) -> Iterator[str]:
    for number, word in enumerate(words):
        before = words[number - 1] if number else "."
        after = words[number + 1] if number + 1 < len(words) else ""
        yield word if _is_told_by_case(word, before, after) else word.lower()


def _is_told_by_case(word: str, before: str, after: str) -> bool:
    """Whether a word with capitals is another one without: a symbol, points of a figure, or a unit."""
    if len(word) == 1:
        begins = before in _ENDS and len(after) > 1 and after.isalpha()
        return not (word in "AI" and begins)  # an article or a pronoun
    if len(word) > 3 or word.lower() in TWO_LETTERS:
        return False
    return word.isupper() or (before[0].isdigit() and not (len(word) == 3 and word.istitle()))
