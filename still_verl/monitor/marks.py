r"""Marks in responses: how many boxes one has, and whether a thought that was opened is closed."""

import re
from collections.abc import Sequence

from still_verl.monitor.means import means

# What opens and closes a thought, in the templates of the models of today.
THOUGHTS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")


def mark_metrics(texts: Sequence[str]) -> dict[str, float]:
    r"""Compute the boxes of a response, the share of responses with several, and that with a thought left open.

    A thought is opened by the response. If none of the step opens one and some close one, the prompt opened it, and a
    response that does not close it left it open.

    Returns:
        `boxes/mean`: `\boxed{` and `\fbox{` in a response.
        `boxes/several`: share of the responses with two and more.
        `thoughts/unclosed`: share of the responses with a thought that is open at the end.
    """
    boxes = [len(_BOX.findall(text)) for text in texts]
    several = [count > 1 for count in boxes]
    return means({"boxes/mean": boxes, "boxes/several": several, "thoughts/unclosed": _unclosed(texts)})


def _unclosed(texts: Sequence[str]) -> list[bool]:
    used = []
    for opening, closing in THOUGHTS:
        opened = any(opening in text for text in texts)
        closed = any(closing in text for text in texts)
        if opened or closed:
            used.append((opening, closing, opened))
    found = []
    for text in texts:
        found.append(any(_is_open(text, *pair) for pair in used))
    return found


def _is_open(text: str, opening: str, closing: str, by_response: bool) -> bool:
    if not by_response:
        return closing not in text
    return text.rfind(opening) > text.rfind(closing)
