"""Cutting a normalized text at the places that are outside every bracket."""

from collections.abc import Iterator
from itertools import accumulate

_OPENING = "([{⦃‹⟦⟪"
_CLOSING = ")]}⦄›⟧⟫"
_STEPS = dict.fromkeys(_OPENING, 1) | dict.fromkeys(_CLOSING, -1)


def places(text: str, wanted: str) -> Iterator[int]:
    """Yield the places of the characters `wanted` that no bracket encloses."""
    if set(wanted).isdisjoint(text):  # nearly always
        return
    for at, depth in enumerate(accumulate(map(_step, text))):
        if depth == 0 and text[at] in wanted:
            yield at


def split(text: str, separators: str) -> list[str]:
    """Return the parts of `text` between top-level `separators`, stripped; one part when there is none."""
    parts, start = [], 0
    for at in places(text, separators):
        parts.append(text[start:at].strip())
        start = at + 1
    return [*parts, text[start:].strip()]


def split_nonempty(text: str, separators: str) -> list[str]:
    """Return the parts of `split` that are not empty."""
    return [part for part in split(text, separators) if part]


def unwrap(text: str, opening: str, closing: str) -> str | None:
    """Return what is inside, when one pair of brackets encloses all of `text`; None when none does.

    `opening` and `closing` list the brackets to look for; they may be mixed, as in `(0, 1]`.
    """
    if len(text) < 2 or text[0] not in opening or text[-1] not in closing:
        return None
    inner = accumulate(map(_step, text[:-1]))
    return text[1:-1].strip() if all(depth > 0 for depth in inner) else None


def bracket_depth(text: str) -> int:
    """Count how many brackets are open at once, at most."""
    return max(accumulate(map(_step, text)), default=0)


def _step(character: str) -> int:
    return _STEPS.get(character, 0)
