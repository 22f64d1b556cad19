"""Sets of reals: intervals, inequalities, builders, unions, differences, and the same in words."""

import re
from collections.abc import Callable
from functools import reduce

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, End, Formula, Interpretations, Region
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Undefined
from still_verl.rewards.equivalence.node import Node, Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.region_algebra import beside_infinity, half_line, intersection, union, without
from still_verl.rewards.equivalence.read.splitting import split, unwrap

_RELATION = re.compile(r"[<>≤≥≠=]")
_CONDITION = re.compile(r"[<>≤≥≠=∈]")
_MIRRORED = str.maketrans("<≤>≥", ">≥<≤")
_BUILDER = re.compile(r"\s*[A-Za-z]\w*\s*(?:∈\s*ℝ\s*)?[|:]")
_POINTS_REMOVED = re.compile(r"∖|\s-\s*(?=⦃)|(?<=[)\]⦄])\s*-\s*(?=⦃)")
_NOT_A_NAME = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|_\{[^{}]*\}|_[A-Za-z0-9]")
_NAME = re.compile("[A-Za-z]")
_VALUE_OF_FUNCTION = re.compile(r"(?<![A-Za-z\\])[fghFGH]\s*\(\s*[a-z]\s*\)")
_INFINITY = Node("symbol", name="∞")
_MEMBER = re.compile(r"^[A-Za-z]\w*\s*∈")
_ALL_REALS = re.compile(r"(?:[A-Za-z]\w*\s*∈\s*)?ℝ")


def read_region(text: str) -> Interpretations:
    """Read the set of reals that `text` describes, if it does; conditions on several unknowns describe none."""
    text = _VALUE_OF_FUNCTION.sub("y", text)
    # Letters of commands and words are no unknowns, and an index only tells one from another.
    names = set(_NAME.findall(_NOT_A_NAME.sub("", text)))
    if len(names.difference(CONSTANTS)) > 1:
        return ()
    try:
        return (_region(text),)
    except (Unreadable, Undefined):
        return ()


def _region(text: str) -> Region:
    """A region of any form, the loosest operation first.

    Raises:
        Unreadable: `text` is not a region.
        Undefined: its ends are not real numbers.
    """
    for signs, combine in (("∪∨", union), ("∩", intersection), ("∧,", _both_or_either)):
        parts = split(text, signs)
        is_condition = combine is not _both_or_either or all(map(_CONDITION.search, parts))
        if len(parts) > 1 and is_condition:
            return _combined(parts, combine)
    parts = _POINTS_REMOVED.split(text, maxsplit=1)
    if len(parts) == 2:
        return _combined(parts, without)
    return _simple_region(_MEMBER.sub("", text).strip())


def _combined(parts: list[str], combine: Callable[[Region, Region], Region]) -> Region:
    return reduce(combine, [_region(part.strip()) for part in parts])


def _both_or_either(left: Region, right: Region) -> Region:
    """A comma or "and" between conditions means both; where no number meets both, people mean either."""
    both = intersection(left, right)
    if both == NOTHING:
        return union(left, right)
    return both


def _simple_region(text: str) -> Region:
    """A region without an operation: a set, an interval or an inequality."""
    if _ALL_REALS.fullmatch(text):
        return EVERYTHING
    inside = unwrap(text, "⦃{", "⦄}")
    if inside is not None:
        return _set(inside)
    inside = unwrap(text, "([", ")]")
    if inside is not None:
        ends = split(inside, ",;")
        if len(ends) == 2:
            return _interval(ends[0], ends[1], text[0] + text[-1])
    return _inequality(text)


def _set(inside: str) -> Region:
    builder = _BUILDER.match(inside)
    if builder:
        return _region(inside[builder.end() :].strip())
    return reduce(union, [_solved("=", element) for element in split(inside, ",")])


def _interval(low: str, high: str, brackets: str) -> Region:
    above = _solved("≥" if brackets[0] == "[" else ">", low)
    below = _solved("≤" if brackets[1] == "]" else "<", high)
    between = intersection(above, below)
    if between == NOTHING:
        raise Unreadable("a pair, not an interval")
    return between


def _solved(relation: str, end: str) -> Region:
    """All x for which `x relation end`.

    Raises:
        Undefined: the end is not a real number.
    """
    node = parse(end)
    is_negative = node.kind == "neg"
    if _INFINITY in (node, *node.args):
        return beside_infinity(relation, not is_negative)
    value = Evaluator({}).real(node)
    return half_line(relation, End(value, Formula(end, node)))


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
    if _is_unknown(left):
        return _solved(relation, right)
    if _is_unknown(right):
        return _solved(relation.translate(_MIRRORED), left)
    raise Unreadable("not solved")


def _is_unknown(side: str) -> bool:
    node = parse(side)
    return node.kind == "symbol" and node.name not in (*CONSTANTS, "∞", "…")
