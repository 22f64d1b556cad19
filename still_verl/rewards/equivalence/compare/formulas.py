"""Formulas as values, with what units and decimals allow."""

import re

from still_verl.rewards.equivalence.answer_types import Formula, Words
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, any_of
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node, number
from still_verl.rewards.equivalence.normalize import compact
from still_verl.rewards.equivalence.read.splitting import split
from still_verl.rewards.equivalence.read.words import gist
from still_verl.rewards.equivalence.tolerance import rounds_to, same_decimal

# What a letter in an unread text may be that is no unknown: part of a command or word, or bound by a sum or integral.
_NO_UNKNOWN = re.compile(r"\\[a-zA-Z]+|‹[^›]*›")
_BOUND = re.compile(r"_\s*\{?\s*([a-zA-Z])\s*(?:=|\\to|→)|(?<![a-zA-Z])d\s*\\?([a-zA-Z])(?![a-zA-Z])")
_UNKNOWN = re.compile(r"[a-zA-Z]")
_DOTTED = re.compile(r"\d\.\d+\.\d+")
_STRUCTURE = frozenset("=<>≤≥≠≈∈∪∩∖∧∨⋀⋁,;:…?‹")
_CONSTANT_LETTERS = frozenset("eid")
# The terms of a sequence or the values of a function that nobody knows: `\lim_{n→∞} a_n` is not `a_n`.
_UNKNOWN_TERMS = re.compile(
    r"\\(?:lim|sum|prod)\s*_\s*\{?\s*([a-zA-Z]).*?[a-zA-Z]\s*(?:_\s*\{?\s*|\(\s*)\1(?![a-zA-Z])"
)


def same_formula(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare values as units allow, decimals within the tolerance of `tolerance`."""
    compare.spend()
    if gold.node is None or answer.node is None:
        return _same_unread(compare, gold, answer)
    if gold.unit == answer.unit:
        return _same_value(compare, gold, answer)
    if {gold.unit, answer.unit} == {"°", "rad"}:
        return _same_in_radians(compare, gold, answer)
    if gold.unit and answer.unit:
        return _same_measured(compare, gold, answer)
    return _same_without_unit(compare, gold, answer)


def _same_unread(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare texts of which one is not understood: the same text, or what the fallback says of the same unknowns."""
    # With an alias, equal texts may name different symbols.
    if not compare.alias and compact(gold.text) == compact(answer.text) and gold.unit == answer.unit:
        return True
    if _structure(gold.text) != _structure(answer.text):
        return compare.refuse("kinds differ")
    if unknowns(gold.text) != {compare.alias.get(name, name) for name in unknowns(answer.text)}:
        return compare.refuse("names contradict")
    if _UNKNOWN_TERMS.search(gold.text) or _UNKNOWN_TERMS.search(answer.text):
        return compare.refuse("names contradict")
    return compare.fallback(gold.text, answer.text)


def _structure(text: str) -> frozenset[str]:
    """The signs outside the brackets of an unread text that make it more than a formula; `1.000.000` is no number."""
    found = set()
    for sign in _STRUCTURE:
        if sign in text and (sign == "‹" or len(split(text, sign)) > 1):
            found.add(sign)
    return frozenset(found.union(_DOTTED.findall(text)))


def unknowns(text: str) -> frozenset[str]:
    r"""Return the letters of an unread formula that stand for unknowns: not those that a sum or an integral binds.

    Example:
        >>> sorted(unknowns(r"\int_0^x 2t dt"))
        ['x']
    """
    text = _NO_UNKNOWN.sub(" ", text)
    bound = set(_CONSTANT_LETTERS)
    for found in _BOUND.finditer(text):
        bound.add(found[1] or found[2])
    return frozenset(_UNKNOWN.findall(text)) - bound


def _same_measured(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare two quantities of different units."""
    if compare.convert is None:
        return None
    factor = compare.convert(gold.unit, answer.unit)
    if factor is None and _is_counted_alike(gold.unit, answer.unit):
        return _same_value(compare, gold, answer)
    if not factor:
        return compare.refuse("units contradict")
    assert answer.node is not None
    converted = Formula("", Node("*", (answer.node, number(factor))))
    return _same_value(compare, gold, converted)


def _is_counted_alike(left: str, right: str) -> bool:
    """Whether one unit says no more than the other: `apple` and `red apples`."""
    said, also_said = _stems(left), _stems(right)
    return said <= also_said or also_said <= said


def _stems(unit: str) -> set[str]:
    return {word.rstrip("s") for word in unit.lower().split()}


def _same_without_unit(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare a quantity and a number: the unit is left out, or it is a percentage or an angle and has a value."""
    quantity = gold if gold.unit else answer
    outcomes: list[Ternary] = []
    if quantity.unit == "°":
        outcomes.append(_same_in_radians(compare, gold, answer))
    if quantity.unit == "%":
        outcomes.append(_same_value(compare, _as_share(gold), _as_share(answer)))
    if _may_be_left_out(compare, gold, answer):
        outcomes.append(_same_value(compare, gold, answer))
    if not outcomes:
        return compare.refuse("units contradict")
    return any_of(outcomes)


def _may_be_left_out(compare: Comparison, gold: Formula, answer: Formula) -> bool:
    """Whether one side may lack the other's unit; a percentage or a base only if it is the gold answer's."""
    if not compare.is_strict:
        return gold.droppable
    if answer.unit == "%" or answer.unit.startswith("base"):
        return False
    return gold.droppable and answer.droppable


def _same_in_radians(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    same = identical(_in_radians(gold), _in_radians(answer), compare.alias)
    if same is False:
        return compare.refuse("values differ")
    return same


def _in_radians(formula: Formula) -> Node:
    assert formula.node is not None
    if formula.unit == "°":
        return Node("degrees", (formula.node,))
    return formula.node


def _as_share(formula: Formula) -> Formula:
    """The number that a percentage stands for, with the places that it shows."""
    node = formula.node
    if node is None or formula.unit != "%":
        return formula
    if node.kind != "number":
        return Formula("", Node("/", (node, number(100))))
    decimals = 0
    if node.decimals:
        decimals = node.decimals + 2
    return Formula("", Node("number", value=node.value / 100, decimals=decimals))


def _same_value(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    assert gold.node is not None and answer.node is not None
    same = identical(gold.node, answer.node, compare.alias)
    if same and compare.is_strict and answer.is_about and not gold.is_about:
        return compare.refuse("values differ")  # `≈ 3` is not 3
    if same or _same_when_rounded(compare, gold, answer):
        return True
    if same is False:
        return compare.refuse("values differ")
    return None


def _same_when_rounded(compare: Comparison, gold: Formula, answer: Formula) -> bool:
    """Whether a decimal shows the value on the other side, or both are decimals and one the other rounded."""
    left, right = gold.literal, answer.literal
    if left and right:
        is_short = right.decimals < left.decimals
        return same_decimal(left, right) and not (compare.is_strict and is_short)
    if left:
        return _shows(left, answer.node)
    if right:
        return _shows(right, gold.node)
    return False


def _shows(decimal: Node, exact: Node | None) -> bool:
    assert exact is not None
    try:
        return rounds_to(Evaluator({})(exact), decimal)
    except Undefined:
        return False


def same_words(compare: Comparison, gold: Words, answer: Words) -> Ternary:
    """Compare prose word by word; for a person "all odd integers" are "odd numbers"."""
    if gold == answer:
        return True
    if not compare.is_strict and gist(gold.text) and gist(gold.text) == gist(answer.text):
        return True
    return compare.without_rule(gold, answer)
