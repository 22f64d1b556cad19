"""Sets of reals: intervals, inequalities, builders, unions, differences, and the same in words."""

import math
import re
from collections.abc import Callable
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import (
    EVERYTHING,
    NOTHING,
    Cut,
    Interpretations,
    Interval,
    Region,
)
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Undefined, real
from still_verl.rewards.equivalence.node import Node, Unreadable, difference
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
from still_verl.rewards.equivalence.read.units import read_formula

_RELATION = re.compile(r"[<>≤≥≠=]")
_MIRRORED = {"<": ">", "≤": "≥", ">": "<", "≥": "≤", "=": "=", "≠": "≠"}
_BUILDER = re.compile(r"\s*[A-Za-z]\w*\s*(?:∈\s*ℝ\s*)?[|:]")
_POINTS_REMOVED = re.compile(r"\s-\s*(?=⦃)|(?<=[)\]⦄])\s*-\s*(?=⦃)")
_NOT_A_NAME = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|_\{[^{}]*\}|_[A-Za-z0-9]")
_NAME = re.compile("[A-Za-z]")
_VALUE_OF_FUNCTION = re.compile(r"(?<![A-Za-z\\])[fghFGH]\s*\(\s*[a-z]\s*\)")
_EMPTY_SET = re.compile(r"∅|⦃\s*⦄")
_OPENING = {"<": "(", "≤": "["}
_CLOSING = {"<": ")", "≤": "]"}
_INFINITY = Node("symbol", name="∞")
_MEMBER = re.compile(r"^[A-Za-z]\w*\s*∈")


def read_region(text: str) -> Interpretations:
    """Read the set of reals that `text` describes, if it does; conditions on several unknowns describe none."""
    text = _VALUE_OF_FUNCTION.sub("y", text)
    # Letters of commands and words are no unknowns, and an index only tells one from another.
    names = set(_NAME.findall(_NOT_A_NAME.sub("", text)))
    names.difference_update(CONSTANTS)
    if len(names) > 1:
        return _read_symbolic(text)
    try:
        region = _region(text)
    except (Unreadable, Undefined):
        return _read_symbolic(text)
    return (region,)


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
    """`x < 2`, `1 ≤ x < 2`, `x ≠ 3`, `2x + 1 > 7`: relations that are linear in one unknown."""
    relations = _RELATION.findall(text)
    if not 1 <= len(relations) <= 2:
        raise Unreadable(text)
    sides = _RELATION.split(text)
    region = EVERYTHING
    for relation, left, right in zip(relations, sides, sides[1:], strict=False):
        region = intersection(region, _solve(relation, left.strip(), right.strip()))
    return region


def _solve(relation: str, left: str, right: str) -> Region:
    mirrored = _MIRRORED[relation]
    if _is_name(left):
        return half_line(relation, _end(right))
    if _is_name(right):
        return half_line(mirrored, _end(left))
    distance = parse(left)
    if distance.kind == "abs":
        return _around(distance.args[0], relation, _end(right))
    distance = parse(right)
    if distance.kind == "abs":
        return _around(distance.args[0], mirrored, _end(left))
    slope, zero = _line(difference(parse(left), parse(right)))
    if slope < 0:
        relation = mirrored
    return half_line(relation, Cut(zero, False))


def _around(inside: Node, relation: str, bound: Cut) -> Region:
    """`|x - 1| < 2`, where `inside` is between the bars."""
    slope, zero = _line(inside)
    reach = bound.value / abs(slope)
    if reach < 0:  # a distance is above every negative number, and never below or at one
        if relation in ">≥≠":
            return EVERYTHING
        return NOTHING
    low, high = Cut(zero - reach, False), Cut(zero + reach, False)
    if relation == "=":
        return union(point(low), point(high))
    if relation == "≠":
        return complement(union(point(low), point(high)))
    ends_inside = relation in "≤>"
    near = between(low, ends_inside, high, ends_inside)
    if relation in "<≤":
        return near
    return complement(near)


def _line(node: Node) -> tuple[float, float]:
    """The slope and the zero of a line in its one unknown.

    Raises:
        Unreadable: it is not such a line.
    """
    unknowns = node.symbols().difference(CONSTANTS)
    if len(unknowns) != 1 or _INFINITY.name in unknowns:
        raise Unreadable("more than one unknown")
    (unknown,) = unknowns
    # Three points on a line: the second step is the first one.
    first, second, third = (real(Evaluator({unknown: Fraction(at)})(node)) for at in range(3))
    slope = second - first
    if slope == 0 or abs(third - second - slope) > 1e-9 * abs(slope):
        raise Unreadable("not a line")
    return slope, -first / slope


def _is_name(side: str) -> bool:
    try:
        node = parse(side)
    except Unreadable:
        return False
    return node.kind == "symbol" and node.name not in CONSTANTS and node.name not in "∞…"


def _read_symbolic(text: str) -> Interpretations:
    """One interval whose ends hold symbols, written with brackets or as `low < x < high`."""
    text = _MEMBER.sub("", text).strip()
    inside = unwrap(text, "([", ")]")
    if inside is not None:
        ends = split(inside, ",")
        if len(ends) == 2:
            return _symbolic_interval(ends[0], ends[1], text[0] + text[-1])
    relations, sides = _RELATION.findall(text), _RELATION.split(text)
    if len(relations) != 2 or not set(relations) <= set("<≤") or not _is_name(sides[1].strip()):
        return ()
    brackets = _OPENING[relations[0]] + _CLOSING[relations[1]]
    return _symbolic_interval(sides[0].strip(), sides[2].strip(), brackets)


def _symbolic_interval(low: str, high: str, brackets: str) -> Interpretations:
    low_end, high_end = read_formula(low), read_formula(high)
    if low_end.node is None or high_end.node is None:
        return ()
    return (Interval(low_end, high_end, brackets),)
