"""Formulas as values, with what units and decimals allow."""

from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Formula
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, any_of
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.normalize import compact
from still_verl.rewards.equivalence.read.units import contradict
from still_verl.rewards.equivalence.tolerance import rounds_to, same_decimal


def same_formula(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare values as units allow, decimals within the tolerance of `tolerance`."""
    compare.spend()
    if gold.node is None or answer.node is None:
        # With an alias, equal texts may name different symbols.
        if not compare.alias and compact(gold.text) == compact(answer.text):
            return not contradict(gold.unit, answer.unit)
        return compare.fallback(gold.text, answer.text)
    if {gold.unit, answer.unit} == {"°", "rad"}:
        return _same_in_radians(compare, gold, answer)
    if contradict(gold.unit, answer.unit):
        return False
    same_number = _same_value(compare, gold, answer)
    if same_number or gold.unit == answer.unit:
        return same_number
    # One unit is left out: the number may be what a person means by 30° or by 50%, or the value of that.
    if "°" in (gold.unit, answer.unit):
        same_meant = _same_in_radians(compare, gold, answer)
    else:
        same_meant = _same_value(compare, _as_share(gold), _as_share(answer))
    return any_of([same_number, same_meant])


def _same_in_radians(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    return identical(_in_radians(gold), _in_radians(answer), compare.alias)


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
        return Formula("", Node("/", (node, Node("number", value=Fraction(100)))))
    decimals = 0
    if node.decimals:
        decimals = node.decimals + 2
    return Formula("", Node("number", value=node.value / 100, decimals=decimals))


def _same_value(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    assert gold.node is not None and answer.node is not None
    same = identical(gold.node, answer.node, compare.alias)
    if same or _same_when_rounded(gold, answer):
        return True
    return same


def _same_when_rounded(gold: Formula, answer: Formula) -> bool:
    """Whether a decimal shows the value on the other side, or both are decimals and one the other rounded."""
    left, right = gold.literal, answer.literal
    if left and right:
        return same_decimal(left, right)
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
