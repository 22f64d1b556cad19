"""Sets of reals: intervals, inequalities, builders, unions, differences, and the same in words."""

import math
import re
from collections.abc import Callable

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Cut, Interpretations, Region
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Undefined, real
from still_verl.rewards.equivalence.node import Node, Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.region_algebra import (
    between,
    complement,
    half_line,
    intersection,
    point,
    union,
)
from still_verl.rewards.equivalence.read.splitting import split, unwrap

_RELATION = re.compile(r"[<>≤≥≠=]")
_MIRRORED = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", "=": "=", "≠": "≠"}
_BUILDER = re.compile(r"\s*[A-Za-z]\w*\s*(?:∈\s*ℝ\s*)?[|:]")
_POINTS_REMOVED = re.compile(r"\s-\s*(?=⦃)|(?<=[)\]⦄])\s*-\s*(?=⦃)")
_NOT_A_NAME = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|_\{[^{}]*\}|_[A-Za-z0-9]")
_NAME = re.compile("[A-Za-z]")
_VALUE_OF_FUNCTION = re.compile(r"(?<![A-Za-z\\])[fghFGH]\s*\(\s*[a-z]\s*\)")
_EMPTY_SET = re.compile(r"∅|⦃\s*⦄")
_INFINITY = Node("symbol", name="∞")
_MEMBER = re.compile(r"^[A-Za-z]\w*\s*∈")


def read_region(text: str) -> Interpretations:
    """Read the set of reals that `text` describes, if it does; conditions on several unknowns describe none."""
    text = _VALUE_OF_FUNCTION.sub("y", text)
    # Letters of commands and words are no unknowns, and an index only tells one from another.
    names = set(_NAME.findall(_NOT_A_NAME.sub("", text)))
    names.difference_update(CONSTANTS)
    if len(names) > 1:
        return ()
    try:
        return (_region(text),)
    except (Unreadable, Undefined):
        return ()


def _region(text: str) -> Region:
    """A region of any form, the loosest operation first.

    Raises:
        Unreadable: `text` is not a region.
        Undefined: its ends are not numbers.
    """
    parts = split(text, "∪∨")
    if len(parts) > 1:
        return _combined(parts, union)
    parts = split(text, "∩")
    if len(parts) > 1:
        return _combined(parts, intersection)
    parts = split(text, "∧,")
    if len(parts) > 1 and _all_have_relations(parts):
        return _combined(parts, _both_or_either)
    parts = _POINTS_REMOVED.split(text.replace("∖", " - "), maxsplit=1)
    if len(parts) == 2:
        whole, removed = parts
        return intersection(_region(whole.strip()), complement(_region(removed.strip())))
    return _simple_region(_MEMBER.sub("", text).strip())


def _combined(parts: list[str], combine: Callable[[Region, Region], Region]) -> Region:
    result = _region(parts[0])
    for part in parts[1:]:
        result = combine(result, _region(part))
    return result


def _all_have_relations(parts: list[str]) -> bool:
    for part in parts:
        if not _RELATION.search(part):
            return False
    return True


def _both_or_either(left: Region, right: Region) -> Region:
    """A comma or "and" between conditions means both; where no number meets both, people mean either."""
    both = intersection(left, right)
    if both.cuts:
        return both
    return union(left, right)


def _simple_region(text: str) -> Region:
    """A region without an operation: a set, an interval or an inequality."""
    if text == "ℝ":
        return EVERYTHING
    if _EMPTY_SET.fullmatch(text):
        return NOTHING
    inside = unwrap(text, "⦃{", "⦄}")
    if inside is not None:
        return _set(inside)
    inside = unwrap(text, "([", ")]")
    if inside is not None:
        ends = split(inside, ",;")
        if len(ends) == 2:
            return _interval(ends, text[0] == "[", text[-1] == "]")
    return _inequality(text)


def _set(inside: str) -> Region:
    builder = _BUILDER.match(inside)
    if builder:
        return _region(inside[builder.end() :].strip())
    region = NOTHING
    for element in split(inside, ","):
        region = union(region, point(_end(element)))
    return region


def _interval(ends: list[str], low_closed: bool, high_closed: bool) -> Region:
    low, high = _end(ends[0]), _end(ends[1])
    if low.value >= high.value:
        raise Unreadable("a pair, not an interval")
    return between(low, low_closed, high, high_closed)


def _end(text: str) -> Cut:
    """The end of an interval, `∞` included.

    Raises:
        Undefined: it is not a real number.
    """
    node = parse(text)
    sign, inner = 1, node
    if node.kind == "neg":
        sign, inner = -1, node.args[0]
    if inner == _INFINITY:
        return Cut(sign * math.inf, False)
    decimals = 0  # of a literal only: an end that is computed is exact
    if inner.kind == "number":
        decimals = inner.decimals
    return Cut(real(Evaluator({})(node)), False, decimals)


def _inequality(text: str) -> Region:
    """`x < 2`, `1 ≤ x < 2`, `x ≠ 3`: relations that are solved for their unknown."""
    relations = _RELATION.findall(text)
    if not 1 <= len(relations) <= 2:
        raise Unreadable(text)
    sides = _RELATION.split(text)
    region = EVERYTHING
    for relation, left, right in zip(relations, sides, sides[1:], strict=False):
        region = intersection(region, _solve(relation, left.strip(), right.strip()))
    return region


def _solve(relation: str, left: str, right: str) -> Region:
    if _is_name(left):
        return half_line(relation, _end(right))
    if _is_name(right):
        return half_line(_MIRRORED[relation], _end(left))
    raise Unreadable("not solved")


def _is_name(side: str) -> bool:
    try:
        node = parse(side)
    except Unreadable:
        return False
    return node.kind == "symbol" and node.name not in CONSTANTS and node.name not in "∞…"
