"""Texts that stand for several answers, written out: both signs, a row with dots."""

import re
from collections.abc import Sequence
from itertools import product

from still_verl.rewards.equivalence.read.splitting import split, unwrap

MAX_ITEMS = 64
MAX_COORDINATES = 4  # of a tuple with signs to choose: all of its forms are written out

_INTEGER = re.compile(r"-?\d{1,9}")
_LAST_INTEGER = re.compile(r"(?:[a-z]\s*=\s*)?(-?\d{1,9})")
_SIGNED_TUPLE = re.compile(r"[±∓]\s*\(([^()]*,[^()]*)\)")


def expand_signs(text: str) -> list[str]:
    """Write `text` out for each choice of `±`: one for a whole formula, but one for each coordinate of a tuple.

    Example:
        >>> expand_signs("a ± 1"), expand_signs("(±1, 2)"), expand_signs("5")
        (['a + 1', 'a - 1'], ['(+1,2)', '(-1,2)'], ['5'])
    """
    if "±" not in text and "∓" not in text:
        return [text]
    signed = _SIGNED_TUPLE.fullmatch(text)
    if signed and "±" not in signed[1]:
        return [f"({signed[1]})", _negated_tuple(signed[1])]
    inside = unwrap(text, "(", ")")
    if inside is not None:
        coordinates = split(inside, ",")
        if 2 <= len(coordinates) <= MAX_COORDINATES:
            return _expand_coordinates(coordinates)
    upper = text.replace("±", "+").replace("∓", "-")
    lower = text.replace("±", "-").replace("∓", "+")
    return [upper, lower]


def _negated_tuple(inside: str) -> str:
    negated = [f"-({coordinate})" for coordinate in split(inside, ",")]
    return _as_tuple(negated)


def _expand_coordinates(coordinates: list[str]) -> list[str]:
    choices = [expand_signs(coordinate) for coordinate in coordinates]
    return [_as_tuple(chosen) for chosen in product(*choices)]


def _as_tuple(coordinates: Sequence[str]) -> str:
    return "(" + ",".join(coordinates) + ")"


def fill_dots(parts: list[str]) -> list[str]:
    """Write every item of `1, 3, …, 9` out, when the integers before the dots have one step that meets the last."""
    if len(parts) < 3 or parts[-2] != "…" or not _INTEGER.fullmatch(parts[-1]):
        return parts
    before = []
    for part in parts[:-2]:
        found = _LAST_INTEGER.fullmatch(part)
        if not found:
            return parts
        before.append(int(found[1]))
    last = int(parts[-1])
    step = _common_step(before)
    if step == 0 or (last - before[-1]) % step != 0:
        return parts
    missing = range(before[-1] + step, last, step)
    if len(missing) >= MAX_ITEMS:
        return parts
    return [*parts[:-2], *map(str, missing), parts[-1]]


def _common_step(numbers: list[int]) -> int:
    """The difference of all neighbours, 1 for a single number; 0 when there is no such difference."""
    if len(numbers) == 1:
        return 1
    step = numbers[1] - numbers[0]
    for first, second in zip(numbers, numbers[1:], strict=False):
        if second - first != step:
            return 0
    return step
