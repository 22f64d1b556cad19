"""Residues against residues, and against the progression `4k + 1`."""

from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Congruence, Formula
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import identical
from still_verl.rewards.equivalence.node import Node, difference


def same_congruence(compare: Comparison, gold: Congruence, answer: Congruence) -> Ternary:
    """Compare residues: the same modulus, and residues that differ by a multiple of it."""
    same_modulus = identical(gold.modulus, answer.modulus, compare.alias)
    if not same_modulus:
        return same_modulus
    multiple = Node("/", (difference(gold.residue, answer.residue), gold.modulus))
    try:
        return _is_integer(Evaluator({})(multiple))
    except Undefined:  # the residues have symbols
        return identical(gold.residue, answer.residue, compare.alias)


def congruence_and_formula(compare: Comparison, gold: Congruence, answer: Formula) -> Ternary:
    """Compare `n ≡ 1 (mod 4)` with `4k + 1`, where k is the only symbol."""
    if answer.node is None:
        return None
    if len(answer.node.symbols()) != 1:
        return False
    (name,) = answer.node.symbols()
    try:
        first, second, third = (Evaluator({name: Fraction(at)})(answer.node) for at in range(3))
        modulus = Evaluator({})(gold.modulus)
        residue = Evaluator({})(gold.residue)
    except Undefined:
        return None
    if modulus == 0:
        return False
    # The values at 0, 1 and 2 are on a line whose step is the modulus, up or down, and 0 leaves the residue.
    step = second - first
    is_line = third - second == step
    return is_line and modulus in (step, -step) and _is_integer((first - residue) / modulus)


def formula_and_congruence(compare: Comparison, gold: Formula, answer: Congruence) -> Ternary:
    """Compare `4k + 1` with `n ≡ 1 (mod 4)`."""
    return congruence_and_formula(compare, answer, gold)


def _is_integer(value: Fraction | complex) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1
