r"""Find what a response puts into `\boxed{}`: the last box, or the last boxes that are one answer.

What stands outside a box is a part of the answer where it changes the value: `-\boxed{18}` is -18, `2\cdot\boxed{9}` a
product. Names, units and remarks outside are not. Every function here runs in time linear in the length of the text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from still_verl.rewards import outside

MAX_BETWEEN = 60  # characters between two boxes that are one answer
MAX_NAME = 40  # characters before a box that may name it
MAX_PLACEHOLDER = 60  # characters in a box that waits for an answer

# Up to four backslashes: a text that went through a serialisation has each one twice.
_BRACES = re.compile(r"\\{1,4}(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_FIRST = re.compile(r"\\(?:boxed|fbox)")
_BARE = re.compile(
    r"\\boxed(?:\s+(?![a-zA-Z]{2})|(?=[-\d\\]))((?:\\[a-zA-Z]+(?:\{[^{}\n]{0,200}\}){0,2}|[^\s{}$\\()\[\]])+)"
)

_NAME = r"(?<![a-zA-Z\\])(?:[a-zA-Z]|\\[a-zA-Z]{2,10})(?:_(?:\w|\{\w{1,8}\}))?"
_NAMED = re.compile(rf"({_NAME})\s*=[\s$]*$")
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
_PLAIN = re.compile(r"[\w.]+")  # what a sign or a factor applies to as a whole, without brackets


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
        'x = 2, y = 3'
    """
    joined: list[Box] = []
    for box in boxes(text):
        while joined and joined[-1].start > box.start:
            joined.pop()  # inside this box
        if is_placeholder(text, box):
            continue
        if joined and not _are_one(text, joined[-1], box):
            joined.clear()
        joined.append(box)
    if joined:
        return _together(text, joined)
    bare = _BARE.findall(text)
    if bare:
        return str(bare[-1])
    return ""


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


def is_placeholder(text: str, box: Box) -> bool:
    """Say whether a box is empty, or says only that an answer belongs there."""
    if box.end - box.content > MAX_PLACEHOLDER:
        return False
    return waits_for_answer(text[box.content : box.end])


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
    between = text[start : right.start].removesuffix(outside.before(text, right.start))
    between = _NAMED.sub("", between)
    return _CONNECTIVE.fullmatch(_DECORATION.sub("", between)) is not None


def _together(text: str, joined: list[Box]) -> str:
    """The answer that boxes are: each different one once, with its name if there are several."""
    if len(joined) == 1:
        return _with_outside(text, joined[0])
    answers, values, names = [], set(), set()
    for box in joined:
        name, value = _name_before(text, box), _with_outside(text, box)
        answers.append(name + value)
        values.add(value)
        names.add(name)
    if len(values) == 1 and len(names - {""}) < 2:
        return values.pop()
    return ", ".join(dict.fromkeys(answers))


def _name_before(text: str, box: Box) -> str:
    """The name that a box gives a value to, with the sign of equality; nothing if it has none."""
    end = box.start - len(outside.before(text, box.start))
    found = _NAMED.search(text[max(end - MAX_NAME, 0) : end])
    if not found:
        return ""
    return f"{found[1]} = "


def _with_outside(text: str, box: Box) -> str:
    """The content of a box with what changes its value outside of it."""
    content = text[box.content : box.end].strip()
    before, behind = outside.around(text, box.start, box.end + 1)
    if (before or behind) and not _stands_alone(content, before):
        content = f"({content})"
    return f"{before}{content}{behind}".strip()


def _stands_alone(content: str, before: str) -> bool:
    """Whether what stands before some content applies to all of it, as a sign does to a number."""
    last = before.rstrip("\\,;:! ")[-1:]
    return _PLAIN.fullmatch(content) is not None and not last.isalnum() and last not in ("}", ")")
