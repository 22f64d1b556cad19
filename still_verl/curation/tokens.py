r"""Writes a problem as tokens that stay the same when it is typed in another way.

`$\dfrac{1}{2}x^2$`, `\(\frac12 x^{2}\)` and `1/2 x²` are the same tokens. Letters that stand for something are all one
token, because they are renamed easily. Numbers are kept by value: they tell a problem from its template.
"""

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from still_verl.curation.number_words import with_digits
from still_verl.curation.signs import COMMANDS, NUMBER_WORDS, TWO_LETTERS, UNITS, VARIABLE
from still_verl.curation.unicode_signs import in_usual_signs

MAX_CHARACTERS = 200_000  # of a text; what follows is not looked at
MOST_POINTS = 5  # that any run of capitals names

FIGURE = re.compile(
    r"\[asy\].*?(?:\[/asy\]|\Z)|\\begin\{(?:asy|tikzpicture)\}.*?(?:\\end\{(?:asy|tikzpicture)\}|\Z)", re.DOTALL
)
_IMAGE = re.compile(r"!\[[^\]]{0,500}\]\([^)]{0,2000}\)|\\includegraphics(?:\[[^\[\]]*\])?\{[^{}]*\}")
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|em|strong|sup|sub|img|table|tbody|thead|tr|td|th|ul|ol|li|u|a|h[1-6]|center|font|hr"
    r"|code|pre)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_RAISED_TAG = re.compile(r"<sup>(?=\s*[-+\d(]|\s*\w\s*<)", re.IGNORECASE)
_BOLD = re.compile(r"(?<![\w)\]}])\*\*(?=[^\s*])([^*\n]{1,500})(?<=\S)\*\*(?![\w(])")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[a-zA-Z*]+\}(?:\{[clr|@{}]*\})?")
_SPACING = re.compile(r"\\[,;:!> ]|~|\\\\")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
_FRACTION_OF_DIGITS = re.compile(r"\\[dtc]?(?:frac|binom)\s*(\d)\s*(\d)")
_FRACTION = re.compile(r"\\[dtc]?frac\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\})")
_NESTED_FRACTION = re.compile(r"\\[dtc]?frac\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_BINOMIAL = re.compile(r"\\[dt]?binom\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\})")
# Text that was escaped twice: `\\frac` for `\frac`, and `\n` for a line break. `\\\frac` is a break and a fraction.
# Only commands that begin no line behind a break: `\\x-y=3` and `\\le=3` are breaks.
_DOUBLED = re.compile(
    r"(?<!\\)\\\\(?=(?:[dtc]?frac|sqrt|[dt]?binom|cdot|times|div|pm|l?dots|pi|sin|cos|tan|log|ln|alpha|beta|gamma|delta"
    r"|epsilon|theta|lambda|sigma|phi|omega|leq|geq|neq|approx|equiv|infty|angle|triangle|circ|degree|sum|prod|int"
    r"|lim|overline|overrightarrow|vec|hat|mathbb|mathrm|mathbf|mathcal|text|textbf|operatorname|begin|end|left|right"
    r"|quad|qquad|pmod|bmod|cup|cap|subset|subseteq|perp|parallel)(?![a-zA-Z]))"
)
_WRITTEN_BREAK = re.compile(r"(?<!\\)\\n(?![a-z])")
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_COMPARED = re.compile(r"<=|=<|>=|!=")
# Chinese and Japanese have no spaces: each sign is a token, else a sentence with one other sign would be another word.
UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(
    r"[A-Z]{2,5}(?![A-Za-z])|[A-Za-z]+|\d+(?:\.\d+)?|\.\d+|[+=/*^<>≤≥|]|(?<![A-Za-z])-|-(?![A-Za-z])"
    rf"|[{UNSPACED}]|[^\W\d_a-zA-Z{UNSPACED}]+"
)
IN_CAPITALS = re.compile(r"[A-Z]{4,}\s+[A-Z]{2,}\s+[A-Z]{2,}")
_VOWEL = re.compile(r"[aeiouy]")
_FOUR_CONSONANTS = re.compile(r"[^AEIOUY]{4}")
_COMPARISON = {"<=": "≤", "=<": "≤", ">=": "≥", "!=": " neq "}
_LABEL = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class Tokens:
    """A text as tokens.

    Attributes:
        all: its tokens in turn.
        figure: the numbers of the labels in its figure, `[asy]` for example; empty where it has none.
        has_figure: whether it has one.
    """

    all: tuple[str, ...]
    figure: tuple[str, ...] = ()
    has_figure: bool = False


def tokens_of(text: str) -> Tokens:
    r"""Return the tokens of a text.

    Example:
        >>> tokens_of(r"Find $\dfrac{1}{2}x^2$.").all == tokens_of("find 1/2 t²").all
        True
        >>> tokens_of("There are 12,000 six-sided dice").all
        ('there', 'are', '12000', '6', 'sided', 'dice')
    """
    return tokens_of_plain(text, plain_text(text))


def tokens_of_plain(text: str, plain: str) -> Tokens:
    """Return the tokens of a text whose plain text is known already."""
    if IN_CAPITALS.search(plain):  # there a short word would be taken for points of a figure
        plain = plain.lower()
    figures = FIGURE.findall(text[:MAX_CHARACTERS]) if "asy" in text or "tikz" in text else []
    if not figures:
        return Tokens(tuple(_tokens(plain)))
    without = FIGURE.sub(" ", text[:MAX_CHARACTERS])
    return Tokens(tuple(_tokens(plain_text(without))), _numbers_of_labels(figures), has_figure=True)


def plain_text(text: str) -> str:
    r"""Return a text without markup, with one way to write each sign.

    Example:
        >>> plain_text(r"\frac12 \cdot x").split()
        ['1/2', '*', 'x']
    """
    text = text[:MAX_CHARACTERS]
    if "<" in text:
        text = _TAG.sub(" ", _RAISED_TAG.sub("^", text))
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = in_usual_signs(text)
    if "![" in text or "\\includegraphics" in text:
        text = _IMAGE.sub(" ", text)
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    if "\\\\" in text or "\\n" in text:
        text = _DOUBLED.sub(r"\\", _WRITTEN_BREAK.sub(" ", text))
    if "\\" in text or "~" in text:
        text = _without_latex(text)
    text = text.replace("%", " percent ")
    text = _COMPARED.sub(_comparison, text)
    return _THOUSANDS.sub("", text)


def mentions(text: str, words: tuple[str, ...]) -> bool:
    """Return whether one of some words is in a text: much faster than the patterns that look closely then."""
    for word in words:
        if word in text:
            return True
    return False


def is_number(token: str) -> bool:
    """Return whether a token is a number."""
    return token[0].isdigit()


def _numbers_of_labels(figures: list[str]) -> tuple[str, ...]:
    found = []
    for figure in figures:
        for label in _LABEL.findall(figure):
            found += [token for token in _tokens(plain_text(label)) if is_number(token)]
    return tuple(sorted(found))


def _without_latex(text: str) -> str:
    text = text.replace("\\%", " percent ").replace("\\$", " ")
    text = text.replace("{,}", ",")  # before spacing is removed: 10{,}000
    text = re.sub(r"(?<=\d)\\[,!](?=\d{3}(?!\d))", "", text)
    text = text.replace("^\\circ", " degree ").replace("^{\\circ}", " degree ")
    text = text.replace("^\\prime", "'").replace("^{\\prime}", "'")
    text = _ENVIRONMENT.sub(" ", text)
    text = _SPACING.sub(" ", text)
    for _ in range(3):  # inner fractions first
        if "frac" not in text:
            break
        text = _FRACTION.sub(_quotient, text)
        text = _NESTED_FRACTION.sub(_quotient, text)
    text = _BINOMIAL.sub(_chosen, text)
    return _COMMAND.sub(_command, text)


def _quotient(found: re.Match[str]) -> str:
    return f" {found[1]}/{found[2]} "


def _chosen(found: re.Match[str]) -> str:
    return f" {found[1]} choose {found[2]} "


def _command(found: re.Match[str]) -> str:
    return COMMANDS.get(found[1]) or f" {found[1]} "


def _comparison(found: re.Match[str]) -> str:
    return _COMPARISON[found[0]]


def _tokens(text: str) -> list[str]:
    result: list[str] = []
    for token in _TOKEN.findall(with_digits(text)):
        result += _canonical_token(token)
    return result


@lru_cache(maxsize=200_000)
def _canonical_token(token: str) -> tuple[str, ...]:
    """What a word, number or sign is written as."""
    first = token[0]
    if first.isdigit() or (first == "." and len(token) > 1):
        return (_number(token),)
    if not token.isascii() or not first.isalpha():
        return (token.lower(),)
    if len(token) == 1:
        return (VARIABLE,)
    if token.isupper() and not _is_word_in_capitals(token):
        return (VARIABLE,) * len(token)
    word = token.lower()
    if word in UNITS:
        return () if word in ("st", "nd", "rd", "th") else (word,)
    if _is_product(word):
        return (VARIABLE,) * len(word)
    word = _singular(word)
    return (NUMBER_WORDS.get(word, word),)


def _is_word_in_capitals(token: str) -> bool:
    """Whether capitals are the word ELLIPSE, and no hexagon ABCDEF.

    Points are mostly named in the order of the alphabet; a word has no four consonants in a row.
    """
    if len(token) <= MOST_POINTS or _FOUR_CONSONANTS.search(token):
        return False
    neighbours = sum(abs(ord(after) - ord(letter)) <= 1 for letter, after in zip(token, token[1:], strict=False))
    return 2 * neighbours < len(token) - 1


def _is_product(word: str) -> bool:
    """Whether letters stand beside each other, and are no word."""
    if len(word) == 2:
        return word not in TWO_LETTERS
    return len(word) == 3 and not _VOWEL.search(word)


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _number(token: str) -> str:
    """The shortest way to write a number."""
    if "." in token:
        token = token.rstrip("0").rstrip(".")
        return f"0{token}" if token.startswith(".") else token or "0"
    return token.lstrip("0") or "0"
