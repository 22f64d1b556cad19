"""Formulas as values, with what units and decimals allow."""

import re
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Formula, Words
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, any_of
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node, number
from still_verl.rewards.equivalence.normalize import compact
from still_verl.rewards.equivalence.read.splitting import split
from still_verl.rewards.equivalence.tolerance import rounds_to, same_decimal

# What a letter in an unread text may be that is no unknown: part of a command or word, or bound by a sum or integral.
_NO_UNKNOWN = re.compile(r"\\[a-zA-Z]+|‹[^›]*›")
_TO_DERIVE = re.compile(r"\\frac\s*\{\s*d\s*\}\s*\{\s*d\s*\\?[a-zA-Z]")  # who writes this has not answered yet
_BOUND = re.compile(r"_\s*\{?\s*([a-zA-Z])\s*(?:=|\\to|→)")
_INTEGRATED = re.compile(r"(?<![a-zA-Z])d\s*\\?([a-zA-Z])(?![a-zA-Z])")
_UNKNOWN = re.compile(r"[a-zA-Z]")
_CONSTANT_LETTERS = frozenset("eid")
_INDEX = re.compile(r"\\(?:sum|prod)\s*_\s*\{?\s*([a-zA-Z])\s*=")
_OPERATOR = re.compile(r"\\(?:sum|prod)\s*_\s*\{?\s*$")
# The terms of a sequence or the values of a function that nobody knows: `\lim_{n→∞} a_n` is not `a_n`.
_UNKNOWN_TERMS = re.compile(
    r"\\(?:lim|sum|prod)\s*_\s*\{?\s*([a-zA-Z]).*?(?<![\\a-zA-Z])(?!\1)[a-zA-Z]\s*(?:_\s*\{?\s*|\(\s*)\1(?![a-zA-Z])"
)


def same_formula(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare values as units allow, decimals within the tolerance of `tolerance`."""
    compare.spend()
    if gold.node is None or answer.node is None:
        return _same_unread(compare, gold, answer)
    if gold.unit == answer.unit:
        return _same_value(compare, gold, answer)
    if gold.unit and answer.unit:
        return _same_measured(compare, gold, answer)
    return _same_without_unit(compare, gold, answer)


def _same_unread(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare texts of which one is not understood: the same text, or what the fallback says of the same unknowns."""
    if not compact(answer.text) or not compact(gold.text):  # of a ratio, say: a text that nobody kept is equal to none
        return compare.refuse("kinds differ")
    if _TO_DERIVE.search(split(answer.text, "=")[-1]) and not _TO_DERIVE.search(gold.text):
        return compare.refuse("kinds differ")
    # With an alias, equal texts may name different symbols.
    if not compare.alias and _with_marked_indices(answer.text) == _with_marked_indices(gold.text):
        return gold.unit == answer.unit
    names = {compare.alias.get(name, name) for name in unknowns(answer.text)}
    if unknowns(gold.text) != names or any(map(_UNKNOWN_TERMS.search, (gold.text, answer.text))):
        return compare.refuse("names contradict")
    return compare.fallback(gold.text, answer.text)


def _with_marked_indices(text: str) -> str:
    r"""Return a formula with marks in place of the letters over which it sums or multiplies.

    A letter that stands before its first sum keeps its name: there it means something else.
    """
    for place, index in enumerate(dict.fromkeys(_INDEX.findall(text))):
        letter = re.compile(rf"(?<![\\a-zA-Z]){index}(?![a-zA-Z])")
        first = letter.search(text)
        if first and _OPERATOR.search(text[: first.start()]):
            text = letter.sub(f"‹index {place}›", text)
    return compact(text)


def unknowns(text: str) -> frozenset[str]:
    r"""Return the letters of an unread formula that stand for unknowns: not those that a sum or an integral binds.

    Example:
        >>> sorted(unknowns(r"\int_0^x 2t dt"))
        ['x']
    """
    letters = _NO_UNKNOWN.sub(" ", text)
    bound = {*_BOUND.findall(letters), *(_INTEGRATED.findall(letters) if "int" in text else ())}
    return frozenset(_UNKNOWN.findall(letters)) - bound - _CONSTANT_LETTERS


def _same_measured(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare two quantities of different units; "apples" are "red apples"."""
    if {gold.unit, answer.unit} == {"°", "rad"}:
        return _same_value(compare, _as_number(gold), _as_number(answer))
    if compare.convert is None:
        return None
    factor = compare.convert(gold.unit, answer.unit)
    said, also_said = _stems(gold.unit), _stems(answer.unit)
    if factor is None and (said <= also_said or also_said <= said):
        factor = Fraction(1)
    if not factor:
        return compare.refuse("units contradict")
    assert answer.node is not None
    if factor == 1:
        return _same_value(compare, gold, answer)
    return _same_value(compare, gold, Formula("", Node("*", (answer.node, number(factor)))))


def _stems(unit: str) -> set[str]:
    return {word.rstrip("s") for word in unit.lower().split()}


def _same_without_unit(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    """Compare a quantity and a number: the unit is left out, or it is a percentage or an angle and has a value."""
    outcomes: list[Ternary] = []
    if (gold.unit or answer.unit) in ("°", "%"):
        outcomes.append(_same_value(compare, _as_number(gold), _as_number(answer)))
    # One side may lack the other's unit; a percentage or a base only if it is the gold answer's.
    is_told = answer.unit == "%" or not answer.droppable
    is_other_number = answer.unit.startswith("base") or (answer.unit == "%" and _is_share(gold))
    if gold.droppable and not is_other_number and not (compare.is_strict and is_told):
        outcomes.append(_same_value(compare, gold, answer))
    return any_of(outcomes) if outcomes else compare.refuse("units contradict")


def _is_share(gold: Formula) -> bool:
    """Whether a number is a part of 1, and so no percentage that lacks its sign: 0.5 is not 0.5 %."""
    return gold.node is not None and gold.node.kind == "number" and abs(gold.node.value) <= 1


def _as_number(formula: Formula) -> Formula:
    """The number that an angle or a percentage stands for, that with the places that it shows."""
    node = formula.node
    assert node is not None
    if formula.unit == "°":
        return Formula("", Node("degrees", (node,)))
    if formula.unit != "%":
        return formula
    if node.kind != "number":
        return Formula("", Node("/", (node, number(100))))
    decimals = node.decimals + 2 if node.decimals else 0
    return Formula("", Node("number", value=node.value / 100, decimals=decimals))


def _same_value(compare: Comparison, gold: Formula, answer: Formula) -> Ternary:
    assert gold.node is not None and answer.node is not None
    same = identical(gold.node, answer.node, compare.alias)
    if same and compare.is_strict and answer.is_about and not gold.is_about:
        return compare.refuse("values differ")  # `≈ 3` is not 3
    if same or _same_when_rounded(compare, gold, answer):
        return True
    return compare.refuse("values differ") if same is False else None


def _same_when_rounded(compare: Comparison, gold: Formula, answer: Formula) -> bool:
    """Whether a decimal shows the value on the other side, or both are decimals and one the other rounded."""
    left, right = gold.literal, answer.literal
    if left and right:
        is_short = right.decimals < left.decimals
        return same_decimal(left, right) and not (compare.is_strict and is_short)
    decimal, exact = left or right, answer.node if left else gold.node
    if decimal is None or exact is None:
        return False
    try:
        return rounds_to(Evaluator({})(exact), decimal)
    except Undefined:
        return False


def same_words(compare: Comparison, gold: Words, answer: Words) -> Ternary:
    """Compare prose word by word."""
    return gold == answer or compare.without_rule(gold, answer)
