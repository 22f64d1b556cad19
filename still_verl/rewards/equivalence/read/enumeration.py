"""Texts that stand for several answers, written out: both signs, a row with dots, permutations."""

import re
from itertools import permutations, product

from still_verl.rewards.equivalence.read.splitting import split, unwrap
from still_verl.rewards.equivalence.read.words import plain

MAX_ITEMS = 64

_INTEGER = re.compile(r"-?\d{1,9}")
_LAST_INTEGER = re.compile(r"(?:[a-z]\s*=\s*)?(-?\d{1,9})")
_PERMUTED = re.compile(r"\b(cyclic )?permutations?\b")
_SIGNED_TUPLE = re.compile(r"[±∓]\s*\(([^()]*,[^()]*)\)")
_TUPLE = re.compile(r"\([^()‹›]*,[^()‹›]*\)(?!\s*=)")  # without words, or it could be permuted again and again


def choices(text: str) -> list[str]:
    """`text` for each choice of `±`: one for a whole formula, but one for each coordinate of a tuple."""
    if "±" not in text and "∓" not in text:
        return [text]
    if (both := _SIGNED_TUPLE.fullmatch(text)) and "±" not in both[1]:
        return [f"({both[1]})", "(" + ",".join(f"-({part})" for part in split(both[1], ",")) + ")"]
    inside = unwrap(text, "(", ")")
    coordinates = split(inside, ",") if inside is not None else []
    if 2 <= len(coordinates) <= 4:
        return ["(" + ",".join(chosen) + ")" for chosen in product(*map(choices, coordinates))]
    return [text.replace("±", "+").replace("∓", "-"), text.replace("±", "-").replace("∓", "+")]


def without_dots(parts: list[str]) -> list[str]:
    """`1, 3, …, 9` with every item, when the integers before the dots have one step that meets the last."""
    if len(parts) < 3 or parts[-2] != "…" or not _INTEGER.fullmatch(parts[-1]):
        return parts
    known = [_LAST_INTEGER.fullmatch(part) for part in parts[:-2]]
    before = [int(found[1]) for found in known if found]
    steps = {second - first for first, second in zip(before, before[1:], strict=False)} or {1}
    if len(before) < len(known) or len(steps) > 1:
        return parts
    (step,) = steps
    missing = range(before[-1] + step, int(parts[-1]), step) if step else range(0)
    meets = step and (int(parts[-1]) - before[-1]) % step == 0
    return [*parts[:-2], *map(str, missing), parts[-1]] if meets and len(missing) < MAX_ITEMS else parts


def permuted(text: str) -> list[str]:
    """Every tuple that "and its (cyclic) permutations" means; nothing when `text` does not say so."""
    found = _PERMUTED.search(plain(text)) if "ermutation" in text else None
    tuples = [split(match[0][1:-1], ",") for match in _TUPLE.finditer(text)] if found else []
    if not found or not tuples or max(map(len, tuples)) > 4:
        return []
    orders = _rotations if found[1] else permutations
    written = dict.fromkeys("(" + ",".join(order) + ")" for items in tuples for order in orders(items))
    return list(written) if len(written) <= MAX_ITEMS else []


def _rotations(items: list[str]) -> list[tuple[str, ...]]:
    return [(*items[at:], *items[:at]) for at in range(len(items))]
