"""Texts that stand for several answers, written out: both signs, a row with dots."""

import re
from itertools import product

from still_verl.rewards.equivalence.read.splitting import split, unwrap

MAX_ITEMS = 64
MAX_COORDINATES = 4  # of a tuple with signs to choose: all of its forms are written out

_INTEGER = re.compile(r"(?:[a-z]\s*=\s*)?(-?\d{1,9})")


def expand_signs(text: str) -> list[str]:
    """Write `text` out for each choice of `±`: one for a whole formula, but one for each coordinate of a tuple.

    Example:
        >>> expand_signs("a ± 1"), expand_signs("(±1, 2)"), expand_signs("5")
        (['a + 1', 'a - 1'], ['(+1,2)', '(-1,2)'], ['5'])
    """
    if "±" not in text and "∓" not in text:
        return [text]
    inside = unwrap(text, "(", ")")
    if inside is not None:
        coordinates = split(inside, ",")
        if 2 <= len(coordinates) <= MAX_COORDINATES:
            return [f"({','.join(chosen)})" for chosen in product(*map(expand_signs, coordinates))]
    upper = text.replace("±", "+").replace("∓", "-")
    lower = text.replace("±", "-").replace("∓", "+")
    return [upper, lower]


def fill_dots(parts: list[str]) -> list[str]:
    """Write every item of `1, 3, …, 9` out, when the step of the integers before the dots meets the last."""
    integers = [found for found in map(_INTEGER.fullmatch, parts) if found]
    if len(parts) < 3 or parts[-2] != "…" or len(integers) != len(parts) - 1:
        return parts
    *before, last = [int(found[1]) for found in integers]
    step = before[-1] - before[-2] if len(before) > 1 else 1
    if step == 0 or (last - before[-1]) % step != 0:
        return parts
    missing = range(before[-1] + step, last, step)
    if len(missing) >= MAX_ITEMS:
        return parts
    return [*parts[:-2], *map(str, missing), parts[-1]]
