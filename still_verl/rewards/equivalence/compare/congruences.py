"""Residues against residues, and against the progression `4k + 1`."""

from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Congruence, Formula
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary
from still_verl.rewards.equivalence.evaluate import Evaluator, Undefined
from still_verl.rewards.equivalence.identity import INTEGER_LETTERS, identical
from still_verl.rewards.equivalence.node import Node, difference


def same_congruence(compare: Comparison, gold: Congruence, answer: Congruence) -> Ternary:
    """Compare residues: the same modulus, and residues that differ by a multiple of it."""
    same_modulus = identical(gold.modulus, answer.modulus, compare.alias)
    if same_modulus is None:
        return None
    if not same_modulus:
        return compare.refuse("values differ")
    multiple = Node("/", (difference(gold.residue, answer.residue), gold.modulus))
    try:
        if _is_integer(Evaluator({})(multiple)):
            return True
    except Undefined:  # the residues have symbols
        return identical(gold.residue, answer.residue, compare.alias)
    return compare.refuse("values differ")


def congruence_and_formula(compare: Comparison, gold: Congruence, answer: Formula) -> Ternary:
    """Compare `n ≡ 1 (mod 4)` with `4k + 1`, where k is the only symbol."""
    if answer.node is None:
        return None
    names = answer.node.symbols()
    if len(names) != 1 or not names <= INTEGER_LETTERS:
        return compare.refuse("kinds differ")
    (name,) = names
    try:
        first, second, third = (Evaluator({name: Fraction(at)})(answer.node) for at in range(3))
        modulus = Evaluator({})(gold.modulus)
        residue = Evaluator({})(gold.residue)
    except Undefined:
        return None
    # The values at 0, 1 and 2 are on a line whose step is the modulus, up or down, and 0 leaves the residue.
    step = second - first
    is_line = third - second == step
    if is_line and modulus in (step, -step) and _is_integer((first - residue) / modulus):
        return True
    return compare.refuse("values differ")


def formula_and_congruence(compare: Comparison, gold: Formula, answer: Congruence) -> Ternary:
    """Compare `4k + 1` with `n ≡ 1 (mod 4)`."""
    return congruence_and_formula(compare, answer, gold)


def _is_integer(value: Fraction | complex) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1
