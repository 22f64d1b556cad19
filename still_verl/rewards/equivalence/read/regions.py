"""Sets of reals: intervals, inequalities, builders, unions, differences, and the same in words."""

import math
import re
from dataclasses import replace
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import EVERYTHING, NOTHING, Cut, Interval, Readings, Region
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Undefined, real
from still_verl.rewards.equivalence.node import Node, Unreadable
from still_verl.rewards.equivalence.parse import parse
from still_verl.rewards.equivalence.read.splitting import split, unwrap
from still_verl.rewards.equivalence.read.units import read_formula

_RELATION = re.compile(r"[<>≤≥≠=]")
_FLIPPED = {"<": ">", "≤": "≥", ">": "<", "≥": "≤"}
_BUILDER = re.compile(r"\s*[A-Za-z]\w*\s*(?:∈\s*ℝ\s*)?[|:]")
_POINTS_REMOVED = re.compile(r"\s-\s*(?=⦃)|(?<=[)\]⦄])\s*-\s*(?=⦃)")
_NOT_A_NAME = re.compile(r"\\[a-zA-Z]+|‹[^›]*›|_\{[^{}]*\}|_[A-Za-z0-9]")
_INFINITY = Node("symbol", name="∞")
_MEMBER = re.compile(r"^[A-Za-z]\w*\s*∈")


def read_region(text: str) -> Readings:
    """The set of reals that `text` describes, if it does; conditions on several unknowns describe none."""
    if len(set(re.findall("[A-Za-z]", _NOT_A_NAME.sub("", text))) - set(CONSTANTS)) > 1:
        return _symbolic(text)
    try:
        region = _region(text)
    except (Unreadable, Undefined):
        return _symbolic(text)
    return (region,)


def union(left: Region, right: Region) -> Region:
    """All that is in either. Regions that touch become one."""
    pieces = sorted(_pieces(left) + _pieces(right), key=lambda piece: (piece[0].value, piece[0].after))
    merged: list[tuple[Cut, Cut]] = []
    for begin, end in pieces:
        if merged and not merged[-1][1] < begin:
            merged[-1] = merged[-1][0], end if merged[-1][1] < end else merged[-1][1]
        else:
            merged.append((begin, end))
    return Region(tuple(cut for piece in merged for cut in piece))


def complement(region: Region) -> Region:
    """All reals that are not in it."""
    first, last = EVERYTHING.cuts
    cuts = list(region.cuts)
    cuts = cuts[1:] if cuts[:1] == [first] else [first, *cuts]
    cuts = cuts[:-1] if cuts[-1:] == [last] else [*cuts, last]
    return Region(tuple(cuts))


def intersection(left: Region, right: Region) -> Region:
    """All that is in both."""
    return complement(union(complement(left), complement(right)))


def _pieces(region: Region) -> list[tuple[Cut, Cut]]:
    return list(zip(region.cuts[::2], region.cuts[1::2], strict=True))


def _region(text: str) -> Region:
    """`Unreadable` when `text` is not a region, `Undefined` when its ends are not numbers."""
    for separators, combine in (("∪∨", union), ("∩", intersection), ("∧,", _both_or_either)):
        parts = split(text, separators)
        if len(parts) > 1 and (separators != "∧," or all(_RELATION.search(part) for part in parts)):
            result = _region(parts[0])
            for part in parts[1:]:
                result = combine(result, _region(part))
            return result
    removed = _POINTS_REMOVED.split(text.replace("∖", " - "), maxsplit=1)
    if len(removed) == 2:
        return intersection(_region(removed[0].strip()), complement(_region(removed[1].strip())))
    return _simple(_MEMBER.sub("", text).strip())


def _both_or_either(left: Region, right: Region) -> Region:
    """A comma or "and" between conditions means both; where no number meets both, people mean either."""
    both = intersection(left, right)
    return both if both.cuts else union(left, right)


def _simple(text: str) -> Region:
    if text in ("ℝ", "ℝ "):
        return EVERYTHING
    if text == "∅" or re.fullmatch(r"⦃\s*⦄", text):
        return NOTHING
    if (inside := unwrap(text, "⦃{", "⦄}")) is not None:
        return _set(inside)
    if (inside := unwrap(text, "([", ")]")) is not None and len(ends := split(inside, ",;")) == 2:
        low, high = map(_end, ends)
        if low.value >= high.value:
            raise Unreadable("a pair, not an interval")
        return _between(low, text[0] == "[", high, text[-1] == "]")
    return _inequality(text)


def _set(inside: str) -> Region:
    builder = _BUILDER.match(inside)
    if builder:
        return _region(inside[builder.end() :].strip())
    region = NOTHING
    for point in split(inside, ","):
        region = union(region, _point(_end(point)))
    return region


def _end(text: str) -> Cut:
    """The end of an interval, `∞` included. `Undefined` when it is not a real number."""
    node = parse(text)
    sign, inner = (-1, node.args[0]) if node.kind == "neg" else (1, node)
    if inner == _INFINITY:
        return Cut(sign * math.inf, False)
    return Cut(real(Evaluator({})(node)), False, inner.decimals if inner.kind == "number" else 0)


def _between(low: Cut, low_closed: bool, high: Cut, high_closed: bool) -> Region:
    begin = replace(low, after=not low_closed or low.value == -math.inf)
    end = replace(high, after=high_closed and high.value != math.inf)
    return Region((begin, end)) if begin < end else NOTHING


def _point(at: Cut) -> Region:
    return _between(at, True, at, True)


def _inequality(text: str) -> Region:
    """`x < 2`, `1 ≤ x < 2`, `x ≠ 3`, `2x + 1 > 7`: relations that are linear in one unknown."""
    relations = _RELATION.findall(text)
    sides = [side.strip() for side in _RELATION.split(text)]
    if not 1 <= len(relations) <= 2:
        raise Unreadable(text)
    region = EVERYTHING
    for relation, left, right in zip(relations, sides, sides[1:], strict=False):
        region = intersection(region, _solve(relation, left, right))
    return region


def _solve(relation: str, left: str, right: str) -> Region:
    if _is_name(left):
        return _half_line(relation, _end(right))
    if _is_name(right):
        return _half_line(_FLIPPED.get(relation, relation), _end(left))
    for distance, other, seen in ((left, right, relation), (right, left, _FLIPPED.get(relation, relation))):
        if (node := parse(distance)).kind == "abs":
            return _around(node.args[0], seen, _end(other))
    slope, zero = _line(Node("+", (parse(left), Node("neg", (parse(right),)))))
    return _half_line(relation if slope > 0 else _FLIPPED.get(relation, relation), Cut(zero, False))


def _around(node: Node, relation: str, bound: Cut) -> Region:
    """`|x - 1| < 2`, where `node` is between the bars."""
    slope, zero = _line(node)
    reach = bound.value / abs(slope)
    if reach < 0:
        return EVERYTHING if relation in ">≥≠" else NOTHING
    low, high = Cut(zero - reach, False), Cut(zero + reach, False)
    if relation in "=≠":
        points = union(_point(low), _point(high))
        return points if relation == "=" else complement(points)
    inside = _between(low, relation in "≤>", high, relation in "≤>")
    return inside if relation in "<≤" else complement(inside)


def _line(node: Node) -> tuple[float, float]:
    """The slope and the zero of a line in its one unknown. `Unreadable` when it is not such a line."""
    unknowns = [name for name in node.symbols() if name not in CONSTANTS]
    if len(unknowns) != 1 or _INFINITY.name in unknowns:
        raise Unreadable("more than one unknown")
    first, second, third = (real(Evaluator({unknowns[0]: Fraction(at)})(node)) for at in range(3))
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


def _half_line(relation: str, bound: Cut) -> Region:
    first, last = EVERYTHING.cuts
    if relation in "<≤":
        return _between(first, False, bound, relation == "≤")
    if relation in ">≥":
        return _between(bound, relation == "≥", last, False)
    return _point(bound) if relation == "=" else complement(_point(bound))


def _symbolic(text: str) -> Readings:
    """One interval whose ends hold symbols, written with brackets or as `low < x < high`."""
    text = _MEMBER.sub("", text).strip()
    inside = unwrap(text, "([", ")]")
    if inside is not None and len(ends := split(inside, ",")) == 2:
        return _interval(ends[0], ends[1], text[0] + text[-1])
    relations, sides = _RELATION.findall(text), _RELATION.split(text)
    if len(relations) == 2 and set(relations) <= set("<≤") and _is_name(sides[1].strip()):
        brackets = ("[" if relations[0] == "≤" else "(") + ("]" if relations[1] == "≤" else ")")
        return _interval(sides[0].strip(), sides[2].strip(), brackets)
    return ()


def _interval(low: str, high: str, brackets: str) -> Readings:
    ends = read_formula(low), read_formula(high)
    return () if None in (ends[0].node, ends[1].node) else (Interval(*ends, brackets),)
