"""Residues against residues, and against the progression `4k + 1`."""

from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Congruence, Formula, Value
from still_verl.rewards.equivalence.compare.comparison import Comparison, Truth, rule
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node


@rule(Congruence, Congruence)
def same_congruence(compare: Comparison, gold: Congruence, answer: Congruence) -> Truth:
    """The same modulus, and residues that differ by a multiple of it."""
    same_modulus = identical(gold.modulus, answer.modulus, compare.alias)
    if not same_modulus:
        return same_modulus
    apart = Node("/", (Node("+", (gold.residue, Node("neg", (answer.residue,)))), gold.modulus))
    try:
        return _is_integer(Evaluator({})(apart))
    except Undefined:
        return identical(gold.residue, answer.residue, compare.alias)


@rule(Congruence, Formula)
@rule(Formula, Congruence)
def progression(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """`n ≡ 1 (mod 4)` against `4k + 1`, where k is the only symbol."""
    residues, formula = (gold, answer) if isinstance(gold, Congruence) else (answer, gold)
    assert isinstance(residues, Congruence) and isinstance(formula, Formula)
    if formula.node is None:
        return None
    if len(formula.node.symbols()) != 1:
        return False
    (name,) = formula.node.symbols()
    try:
        first, second, third = (Evaluator({name: Fraction(at)})(formula.node) for at in range(3))
        modulus, residue = Evaluator({})(residues.modulus), Evaluator({})(residues.residue)
    except Undefined:
        return None
    is_line = modulus != 0 and third - second == second - first
    return is_line and modulus in (second - first, first - second) and _is_integer((first - residue) / modulus)


def _is_integer(value: Fraction | complex) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1
