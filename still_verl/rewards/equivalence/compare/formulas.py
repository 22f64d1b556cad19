"""Formulas as values, times as times, words as words."""

from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Clock, Formula, Words
from still_verl.rewards.equivalence.compare.comparison import Comparison, Truth, any_of, opaque, rule
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.normalize import tight
from still_verl.rewards.equivalence.read.units import contradict
from still_verl.rewards.equivalence.read.words import plain, telling
from still_verl.rewards.equivalence.rounding import rounds_to, same_decimal


@rule(Formula, Formula)
def same_formula(compare: Comparison, gold: Formula, answer: Formula) -> Truth:
    """Equal values, as units allow; decimals within the tolerance of `rounding`."""
    compare.spend()
    if gold.node is None or answer.node is None:
        if not compare.alias and tight(gold.text) == tight(answer.text):
            return not contradict(gold.unit, answer.unit)
        return compare.leaf(gold.text, answer.text)
    if {gold.unit, answer.unit} == {"°", "rad"}:
        return identical(_in_radians(gold), _in_radians(answer), compare.alias)
    if contradict(gold.unit, answer.unit):
        return False
    plain = _same_value(compare, gold, answer)
    if plain or gold.unit == answer.unit:
        return plain
    if "°" in (gold.unit, answer.unit):
        return any_of([plain, identical(_in_radians(gold), _in_radians(answer), compare.alias)])
    return any_of([plain, _same_value(compare, _as_share(gold), _as_share(answer))])


def _in_radians(formula: Formula) -> Node:
    assert formula.node is not None
    return Node("degrees", (formula.node,)) if formula.unit == "°" else formula.node


def _as_share(formula: Formula) -> Formula:
    """The number that a percentage stands for, with the places that it shows."""
    if formula.node is None or formula.unit != "%":
        return formula
    places = formula.literal.decimals if formula.literal else 0
    if formula.node.kind == "number":
        return Formula("", Node("number", value=formula.node.value / 100, decimals=places + 2 if places else 0))
    return Formula("", Node("/", (formula.node, Node("number", value=Fraction(100)))))


def _same_value(compare: Comparison, gold: Formula, answer: Formula) -> Truth:
    assert gold.node is not None and answer.node is not None
    same = identical(gold.node, answer.node, compare.alias)
    return same or _same_when_rounded(gold, answer) or same


def _same_when_rounded(gold: Formula, answer: Formula) -> bool:
    left, right = gold.literal, answer.literal
    if left and right:
        return same_decimal(left, right)
    if not (left or right):
        return False
    decimal, exact = (left, answer.node) if left else (right, gold.node)
    assert decimal is not None and exact is not None
    try:
        return rounds_to(Evaluator({})(exact), decimal)
    except Undefined:
        return False


@rule(Clock, Clock)
def same_clock(compare: Comparison, gold: Clock, answer: Clock) -> Truth:
    """The same time; without "am" or "pm" on one side, the same face of the clock."""
    if gold.half and answer.half:
        return gold.minutes == answer.minutes
    return gold.minutes % 720 == answer.minutes % 720


@rule(Words, Words)
def same_words(compare: Comparison, gold: Words, answer: Words) -> Truth:
    """The same words, or the same but for those that only say "all numbers"."""
    return _say_the_same(gold.text, answer.text) or (None if opaque(gold) or opaque(answer) else False)


def _say_the_same(left: str, right: str) -> bool:
    return left == right or telling(left) == telling(right) != ""


@rule(Words, Formula)
def words_formula(compare: Comparison, gold: Words, answer: Formula) -> Truth:
    """`‹no›` against `No`, whose letters may be a product."""
    return _say_the_same(gold.text, plain(answer.text)) or (None if opaque(gold) or opaque(answer) else False)


@rule(Formula, Words)
def formula_words(compare: Comparison, gold: Formula, answer: Words) -> Truth:
    """The same, the other way round."""
    return words_formula(compare, answer, gold)
