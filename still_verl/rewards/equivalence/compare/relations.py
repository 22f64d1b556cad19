"""Names, functions, equations and orderings."""

from collections.abc import Mapping
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import (
    Collection,
    Equation,
    Formula,
    Interval,
    Named,
    Ordering,
    Readings,
    Value,
)
from still_verl.rewards.equivalence.compare.comparison import Comparison, Truth, all_of, any_of, rule
from still_verl.rewards.equivalence.compare.formulas import same_formula
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Undefined
from still_verl.rewards.equivalence.identity import close, points
from still_verl.rewards.equivalence.node import Node


@rule(Ordering, Ordering)
def same_ordering(compare: Comparison, gold: Ordering, answer: Ordering) -> Truth:
    """The same sides in the same order, read from either end."""
    turned = Ordering(answer.sides[::-1], answer.relations[::-1].translate(str.maketrans("<>≤≥", "><≥≤")))
    return any_of(_same_sides(compare, gold, other) for other in (answer, turned))


def _same_sides(compare: Comparison, gold: Ordering, answer: Ordering) -> Truth:
    if gold.relations != answer.relations:
        return False
    return all_of(same_formula(compare, *pair) for pair in zip(gold.sides, answer.sides, strict=True))


@rule(Named, Named)
def same_named(compare: Comparison, gold: Named, answer: Named) -> Truth:
    """The same name and value; parameters may be called differently."""
    if len(gold.params) == len(answer.params):
        for new, old in zip(gold.params, answer.params, strict=True):
            compare = compare.renamed(old, new) if old != new else compare
    if gold.params and answer.params or not _contradict(gold.name, answer.name):
        return compare.readings(gold.value, answer.value)
    relations = _as_equation(gold), _as_equation(answer)
    if not all(relation and relation.right.symbols() - set(CONSTANTS) for relation in relations):
        return False
    return same_equation(compare, *relations)


def _contradict(left: str, right: str) -> bool:
    """Two symbols, or two phrases; a phrase may well be what a symbol stands for."""
    return left != right and _is_phrase(left) == _is_phrase(right)


def _is_phrase(name: str) -> bool:
    return name.startswith("‹") or (name.isalpha() and len(name) > 2)


@rule(Named, object)
def gold_named(compare: Comparison, gold: Named, answer: Value) -> Truth:
    """`N = n` against `n`, and `f(x) = 2x` against `2z`: a name may be left out, a parameter renamed."""
    symbols = free_symbols((answer,)) - _symbols(gold.value)
    if len(gold.params) == 1 and len(symbols) == 1 and gold.params[0] not in _symbols((answer,)):
        compare = compare.renamed(next(iter(symbols)), gold.params[0])
    return compare.readings(gold.value, (answer,))


@rule(object, Named)
def answer_named(compare: Comparison, gold: Value, answer: Named) -> Truth:
    """`n` against `N = n`."""
    return compare.readings((gold,), answer.value)


def _symbols(readings: Readings) -> frozenset[str]:
    """The free symbols of everything that was understood."""
    found: frozenset[str] = frozenset()
    for value in readings:
        if isinstance(value, Formula) and value.node:
            found |= value.node.symbols()
        elif isinstance(value, Collection):
            found = found.union(*map(_symbols, value.items))
        elif isinstance(value, Interval):
            found |= _symbols((value.low, value.high))
        elif isinstance(value, Named):
            found |= _symbols(value.value)
    return found


def free_symbols(readings: Readings) -> frozenset[str]:
    """The symbols that a renaming may concern: not the constants."""
    return _symbols(readings) - {"π", "e", "i", "∞", "…"}


@rule(Equation, Equation)
def same_equation(compare: Comparison, gold: Equation, answer: Equation) -> Truth:
    """The same curve: the differences of the sides are proportional."""
    left, right = _difference(gold), _difference(answer)
    names = left.symbols() - set(CONSTANTS)
    if names != right.symbols() - set(CONSTANTS):
        return False
    ratios = []
    for point in points(names):
        try:
            ratios.append((Evaluator(point)(left), Evaluator(point)(right)))
        except Undefined:
            return None
    first, second = ratios[0]
    if 0 in (first, second):
        return None
    return all_of(close(first * b, second * a) for a, b in ratios)


def _difference(equation: Equation) -> Node:
    return Node("+", (equation.left, Node("neg", (equation.right,))))


@rule(Named, Equation)
@rule(Equation, Named)
def named_equation(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """`y = 2x` against `2x - y = 0`."""
    equations = [value if isinstance(value, Equation) else _as_equation(value) for value in (gold, answer)]
    if equations[0] is None or equations[1] is None:
        return None
    return same_equation(compare, equations[0], equations[1])


def _as_equation(value: Value) -> Equation | None:
    if not isinstance(value, Named) or value.params or not isinstance(value.value[0], Formula):
        return None
    body = value.value[0].node
    return Equation(Node("symbol", name=value.name), body) if body else None


@rule(Equation, Formula)
def solved_equation(compare: Comparison, gold: Equation, answer: Formula) -> Truth:
    """`x y = 6` against `6/x`: the answer solves a gold equation that is linear in the one symbol it lacks."""
    difference = _difference(gold)
    if answer.node is None:
        return None
    missing = difference.symbols() - answer.node.symbols()
    others = (difference.symbols() | answer.node.symbols()) - missing
    if len(missing) != 1 or not others:
        return None
    (name,) = missing
    try:
        return all_of(_solves(difference, name, answer.node, point) for point in points(others))
    except Undefined:
        return None


def _solves(difference: Node, name: str, solution: Node, point: Mapping[str, Fraction | complex]) -> Truth:
    """Whether `difference` is 0 at the solution, and a line in `name`, so that there is no other solution."""
    values = [Evaluator({**point, name: Fraction(at)})(difference) for at in (0, 1, 2)]
    if close(values[0] + values[2], 2 * values[1]) is not True or close(values[0], values[1]) is not False:
        return None
    at_solution = Evaluator({**point, name: Evaluator(point)(solution)})
    value = at_solution(difference)
    return value == 0 or abs(complex(value)) <= 1e-9 * at_solution.largest


@rule(Formula, Equation)
def equation_value(compare: Comparison, gold: Value, answer: Equation) -> Truth:
    """`7` against `x + y = 7`: the constant on the right of something that is not yet to be solved."""
    unsolved = answer.left.kind == "*" and any(factor.kind == "number" for factor in answer.left.args)
    homogeneous = answer.right == Node("number")
    if answer.right.symbols() or not answer.left.symbols() or unsolved or homogeneous or not isinstance(gold, Formula):
        return None
    return same_formula(compare, gold, Formula("", answer.right))
