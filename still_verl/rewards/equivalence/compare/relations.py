"""Names, functions, equations and other relations; sets of reals."""

import re

from still_verl.rewards.equivalence.answer_types import (
    Equation,
    Formula,
    Interpretations,
    Named,
    Region,
    Relation,
    Value,
)
from still_verl.rewards.equivalence.compare.collections import same_items
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, all_of, any_of
from still_verl.rewards.equivalence.evaluate import CONSTANTS
from still_verl.rewards.equivalence.identity import proportional, solves
from still_verl.rewards.equivalence.node import Node, difference
from still_verl.rewards.equivalence.read.operators import NAMING
from still_verl.rewards.equivalence.symbols import is_symbol

_SYMMETRIC = "≠∪∩⋀⋁∥⊥"
_MIRRORED = str.maketrans("<>≤≥", "><≥≤")
_MARKS = re.compile(r"'|\^.*")  # of a derivative, of the inverse
_LONGEST_SYMBOL = 2  # letters; more are a word
_UNKNOWNS = {name: Node("symbol", name=f"‹{name}›") for name in CONSTANTS}


def same_relation(compare: Comparison, gold: Relation, answer: Relation) -> Ternary:
    """Compare the sides in their order, read from either end; in any order where the one sign has none."""
    if len(set(gold.signs)) == 1 and gold.signs[0] in _SYMMETRIC and gold.signs == answer.signs:
        return same_items(compare, _parts(gold), _parts(answer))
    mirrored = Relation(answer.sides[::-1], answer.signs[::-1].translate(_MIRRORED))
    return any_of(_same_sides(compare, gold, sides) for sides in (answer, mirrored))


def _same_sides(compare: Comparison, gold: Relation, answer: Relation) -> Ternary:
    if gold.signs != answer.signs:
        return compare.refuse("kinds differ")
    return compare.in_order(_parts(gold), _parts(answer))


def _parts(relation: Relation) -> list[Interpretations]:
    return [(side,) for side in relation.sides]


def same_region(compare: Comparison, gold: Region, answer: Region) -> Ternary:
    """Say whether the same places around the ends are members, and the ends are equal formulas."""
    if gold.members != answer.members:
        return compare.refuse("values differ")
    ends = zip(gold.ends, answer.ends, strict=True)
    return all_of(compare.values(left.formula, right.formula) for left, right in ends)


def same_named(compare: Comparison, gold: Named, answer: Named) -> Ternary:
    """Compare names and values; parameters may be called differently."""
    if len(gold.params) == len(answer.params) and gold.params != answer.params:
        compare = compare.renamed(dict(zip(answer.params, gold.params, strict=True)))
    if len(gold.params) != len(answer.params) and (is_symbol(gold.value) or is_symbol(answer.value)):
        return compare.refuse("kinds differ")  # `f = x` is not `f(x) = x`
    # Functions may have any name, but an inverse is another function; a phrase may be what a symbol stands for.
    are_functions = gold.params and answer.params and _MARKS.findall(gold.name) == _MARKS.findall(answer.name)
    is_phrase_for_symbol = _is_phrase(gold.name) != _is_phrase(answer.name)
    if are_functions or is_phrase_for_symbol or gold.name == answer.name:
        return compare.interpretations(gold.value, answer.value)
    # `y = 2x` and `x = y/2` name different symbols, and say the same.
    left, right = _as_equation(gold), _as_equation(answer)
    if left is None or right is None or _is_solved(left) or _is_solved(right):
        return compare.refuse("names contradict")
    return same_equation(compare, left, right)


def _is_phrase(name: str) -> bool:
    return name.startswith("‹") or (name.isalpha() and len(name) > _LONGEST_SYMBOL and not name.isupper())


def _is_solved(equation: Equation) -> bool:
    """Whether the right side is a number: `x = 5`."""
    return not equation.right.symbols().difference(CONSTANTS)


def named_and_other(compare: Comparison, gold: Named, answer: Value) -> Ternary:
    """Compare `N = n` with `n`, and `f(x) = 2x` with `2x`: a name may be left out, but no function be a bare symbol."""
    if compare.is_strict and gold.params and is_symbol(gold.value):
        return compare.refuse("kinds differ")
    if NAMING.match(gold.name):  # `\det(A - λI) = 0` may be a condition, which 0 does not answer
        return compare.refuse("kinds differ")
    return compare.interpretations(gold.value, (answer,))


def other_and_named(compare: Comparison, gold: Value, answer: Named) -> Ternary:
    """Compare `n` with `N = n`, but no symbol with a function that has it as its value."""
    if compare.is_strict and answer.params and is_symbol(answer.value):
        return compare.refuse("kinds differ")
    return compare.interpretations((gold,), answer.value)


def same_equation(compare: Comparison, gold: Equation, answer: Equation) -> Ternary:
    """Say whether two equations have the same curve: the differences of their sides are proportional."""
    left = difference(gold.left, gold.right)
    right = difference(answer.left, answer.right)
    if not (left.symbols() | right.symbols()).difference(CONSTANTS):  # of numbers any two would be proportional
        left, right = left.with_symbols(_UNKNOWNS), right.with_symbols(_UNKNOWNS)
    if left.symbols().difference(CONSTANTS) != right.symbols().difference(CONSTANTS):
        return compare.refuse("names contradict")
    return proportional(left, right)


def equation_and_named(compare: Comparison, gold: Equation, answer: Named) -> Ternary:
    """Compare `2x - y = 0` with `y = 2x`."""
    named = _as_equation(answer)
    if named is None:  # a phrase before an equation
        return compare.interpretations((gold,), answer.value)
    return same_equation(compare, gold, named)


def named_and_equation(compare: Comparison, gold: Named, answer: Equation) -> Ternary:
    """Compare `y = 2x` with `2x - y = 0`."""
    named = _as_equation(gold)
    if named is None:
        return compare.interpretations(gold.value, (answer,))
    if _is_solved(named):  # `x = 5` is not `2x = 10`
        return compare.refuse("kinds differ")
    return same_equation(compare, named, answer)


def _as_equation(named: Named) -> Equation | None:
    """`name = formula` as an equation in the name; None for functions and other values."""
    if named.params or not named.value:
        return None
    value = named.value[0]
    if not isinstance(value, Formula) or value.node is None:
        return None
    return Equation(Node("symbol", name=named.name), value.node)


def equation_and_formula(compare: Comparison, gold: Equation, answer: Formula) -> Ternary:
    """Compare `x y = 6` with `6/x`: the answer solves a gold equation that is linear in the one symbol it lacks."""
    if compare.is_strict:
        return compare.refuse("kinds differ")
    zero = difference(gold.left, gold.right)
    if answer.node is None:
        return None
    missing = zero.symbols() - answer.node.symbols()
    others = (zero.symbols() | answer.node.symbols()) - missing
    if len(missing) != 1 or not others:
        return None
    (name,) = missing
    return solves(zero, name, answer.node)
