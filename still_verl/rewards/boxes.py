r"""Find what a response puts into `\boxed{}`: the last box, or the last boxes that are one answer.

A sign that touches a box is a part of the answer: `-\boxed{18}` is -18. Names, units and remarks outside are not. Every
function here runs in time linear in the length of the text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_BETWEEN = 60  # characters between two boxes that are one answer
MAX_SIGN = 12  # characters before a box in which its sign is
MAX_PLACEHOLDER = 60  # characters in a box that waits for an answer

# Up to four backslashes: a text that went through a serialisation has each one twice.
_BRACES = re.compile(r"\\{1,4}(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_FIRST = re.compile(r"\\(?:boxed|fbox)")
_BARE = re.compile(
    r"\\boxed(?:\s+(?![a-zA-Z]{2})|(?=[-\d\\]))((?:\\[a-zA-Z]+(?:\{[^{}\n]{0,200}\}){0,2}|[^\s{}$\\()\[\]])+)"
)

_NAME = r"(?<![a-zA-Z\\])(?:[a-zA-Z]|\\[a-zA-Z]{2,10})(?:_(?:\w|\{\w{1,8}\}))?"
_NAMED = re.compile(rf"{_NAME}\s*=[\s$]*$")
# In prose a sign with a space behind it is a bullet or a dash, and behind a term it is an operation.
_SIGN = re.compile(r"(?<![\w)}\]])([-−±]|\\(?:pm|mp))$")
_DECORATION = re.compile(r"\\[()\[\],; ]|\\(?:text|mathrm|quad|qquad)(?![a-z])|[\s$*{}]")
_CONNECTIVE = re.compile(r"[.,;、]*(?:and|or|&|\\[lv]or|\\vee|\\land|\\wedge|和|或)?[.,;]*[-•]?")

# What fills a box that waits for an answer, and what is written there to say so.
_FILLER = re.compile(
    r"\\(?:hspace|h?phantom)\s*\{[^{}]*\}|\\(?:text|underline|q?quad|[lc]?dots|square|Box|[ ,;:!_])(?![a-z])"
    r"|(?<!\\)[{}]|[\s?._…$~,:;*-]"
)
_TEMPLATE = re.compile(
    r"(?:\\text\s*\{)?[\s<\[(]*(?:(?:your|the|my|insert|put|final|numerical|correct|exact)[\s_]+)*"
    r"(?:answer|result|solution|placeholder)(?:[\s_]+(?:goes|here))*[\s>\])}.]*",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[\w.]+")  # what a sign applies to as a whole, without brackets


class Box(NamedTuple):
    """Places in a text: where the command begins, where its content begins, and where that ends."""

    start: int
    content: int
    end: int


def last_boxed(text: str) -> str:
    r"""Return what is in the last balanced `\boxed{}` or `\fbox{}`; boxes joined by "and" or a comma are one answer.

    Boxes that are empty or hold a placeholder (`?`, `...`, `your answer`) are passed over.

    Example:
        >>> last_boxed(r"\boxed{1}, no: \boxed{2} and \boxed{-2}, that is -\boxed{2} and \boxed{2}")
        '-2, 2'
        >>> last_boxed(r"$x = \boxed{2}$ and $y = \boxed{3}$. Write $\boxed{}$ around it.")
        '2, 3'
    """
    joined: list[Box] = []
    for box in boxes(text):
        while joined and joined[-1].start > box.start:
            joined.pop()  # inside this box
        if box.end - box.content <= MAX_PLACEHOLDER and waits_for_answer(text[box.content : box.end]):
            continue
        if joined and not _are_one(text, joined[-1], box):
            joined.clear()
        joined.append(box)
    if joined:
        return ", ".join(dict.fromkeys(_signed(text, box) for box in joined))
    bare = _BARE.findall(text)
    return str(bare[-1]) if bare else ""


def boxes(text: str) -> Iterator[Box]:
    """Yield each balanced box, in the order of their ends, so that a box comes after the boxes inside it."""
    first = _FIRST.search(text)
    if not first:
        return
    opened: list[re.Match[str]] = []
    for brace in _BRACES.finditer(text, first.start()):
        token = brace.group()
        if token.endswith("{") and token != r"\{":
            opened.append(brace)
        elif token == "}" and opened:
            opening = opened.pop()
            if opening.group() != "{":
                yield Box(opening.start(), opening.end(), brace.start())


@lru_cache(maxsize=16_384)  # of short texts: many responses to a prompt have the same one
def waits_for_answer(content: str) -> bool:
    r"""Say whether the content of a box is no answer yet.

    Example:
        >>> [waits_for_answer(content) for content in ("", r"\ldots", "?", "your answer", r"\{\}", r"\infty")]
        [True, True, True, True, False, False]
    """
    return not _FILLER.sub("", content) or _TEMPLATE.fullmatch(content) is not None


def _are_one(text: str, left: Box, right: Box) -> bool:
    """Whether only a comma, "and" or the like stands between two boxes, and perhaps a name or a sign."""
    start = left.end + 1
    if right.start - start > MAX_BETWEEN:
        return False
    between = text[start : right.start].removesuffix(_sign_before(text, right))
    return _CONNECTIVE.fullmatch(_DECORATION.sub("", _NAMED.sub("", between))) is not None


def _signed(text: str, box: Box) -> str:
    """The content of a box, with the sign before it."""
    content = text[box.content : box.end].strip()
    sign = _sign_before(text, box)
    is_whole = _PLAIN.fullmatch(content) and not sign.startswith("\\")
    return f"{sign}({content})" if sign and not is_whole else sign + content


def _sign_before(text: str, box: Box) -> str:
    found = _SIGN.search(text[max(box.start - MAX_SIGN, 0) : box.start])
    return found[1] if found else ""
