"""Names, functions, equations and orderings."""

from collections.abc import Mapping
from fractions import Fraction

from still_verl.rewards.equivalence.answer_types import Equation, Formula, Named, Ordering, Value
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary, all_of, any_of
from still_verl.rewards.equivalence.compare.formulas import same_formula
from still_verl.rewards.equivalence.compare.symbols import all_symbols, free_symbols
from still_verl.rewards.equivalence.evaluate import CONSTANTS, Evaluator, Number, Undefined
from still_verl.rewards.equivalence.identity import points
from still_verl.rewards.equivalence.node import Node, difference
from still_verl.rewards.equivalence.tolerance import close

_MIRRORED = str.maketrans("<>≤≥", "><≥≤")
_LONGEST_SYMBOL = 2  # letters; more are a word


def same_ordering(compare: Comparison, gold: Ordering, answer: Ordering) -> Ternary:
    """Compare the sides in their order, read from either end."""
    same = _same_sides(compare, gold, answer)
    if same:
        return True
    mirrored = Ordering(answer.sides[::-1], answer.relations[::-1].translate(_MIRRORED))
    return any_of([same, _same_sides(compare, gold, mirrored)])


def _same_sides(compare: Comparison, gold: Ordering, answer: Ordering) -> Ternary:
    if gold.relations != answer.relations:
        return compare.refuse("kinds differ")
    return all_of(same_formula(compare, *pair) for pair in zip(gold.sides, answer.sides, strict=True))


def same_named(compare: Comparison, gold: Named, answer: Named) -> Ternary:
    """Compare names and values; parameters may be called differently."""
    if len(gold.params) == len(answer.params):
        for new, old in zip(gold.params, answer.params, strict=True):
            if old != new:
                compare = compare.renamed(old, new)
    # Functions may have any name, but a derivative is another function; a phrase may be what a symbol stands for.
    are_functions = gold.params and answer.params and gold.name.count("'") == answer.name.count("'")
    if are_functions or not _names_contradict(gold.name, answer.name):
        return compare.interpretations(gold.value, answer.value)
    # `y = 2x` and `x = y/2` name different symbols, and say the same.
    left, right = _as_equation(gold), _as_equation(answer)
    if left is None or right is None or _is_solved(left) or _is_solved(right):
        return compare.refuse("names contradict")
    return same_equation(compare, left, right)


def _names_contradict(left: str, right: str) -> bool:
    """Two symbols, or two phrases; a phrase may well be what a symbol stands for."""
    return left != right and _is_phrase(left) == _is_phrase(right)


def _is_phrase(name: str) -> bool:
    return name.startswith("‹") or (name.isalpha() and len(name) > _LONGEST_SYMBOL)


def _is_solved(equation: Equation) -> bool:
    """Whether the right side is a number: `x = 5`."""
    return not equation.right.symbols().difference(CONSTANTS)


def named_and_other(compare: Comparison, gold: Named, answer: Value) -> Ternary:
    """Compare `N = n` with `n`, and `f(x) = 2x` with `2z`: a name may be left out, a parameter renamed."""
    if compare.is_strict and _is_bare(gold) and gold.params:
        return compare.interpretations(gold.value, (answer,))
    # The answer's one symbol that the gold answer lacks is what it calls the parameter.
    answer_symbols = all_symbols((answer,))
    unknown = free_symbols((answer,)) - all_symbols(gold.value)
    if len(gold.params) == 1 and len(unknown) == 1 and gold.params[0] not in answer_symbols:
        (old,) = unknown
        compare = compare.renamed(old, gold.params[0])
    return compare.interpretations(gold.value, (answer,))


def other_and_named(compare: Comparison, gold: Value, answer: Named) -> Ternary:
    """Compare `n` with `N = n`, but no symbol with a function that has it as its value."""
    if compare.is_strict and _is_bare(answer) and answer.params:
        return compare.refuse("kinds differ")
    return compare.interpretations((gold,), answer.value)


def _is_bare(named: Named) -> bool:
    """Whether the value is a symbol and nothing else."""
    return any(isinstance(value, Formula) and value.is_symbol for value in named.value)


def same_equation(compare: Comparison, gold: Equation, answer: Equation) -> Ternary:
    """Say whether two equations have the same curve: the differences of their sides are proportional."""
    left = difference(gold.left, gold.right)
    right = difference(answer.left, answer.right)
    names = left.symbols().difference(CONSTANTS)
    if names != right.symbols().difference(CONSTANTS):
        return compare.refuse("names contradict")
    values: list[tuple[Number, Number]] = []
    for point in points(names):
        try:
            values.append((Evaluator(point)(left), Evaluator(point)(right)))
        except Undefined:
            return None
    # Proportional: the ratio at every point is that at the first, written without a division.
    first_left, first_right = values[0]
    if first_left == 0 or first_right == 0:
        return None
    proportional = all_of(close(first_left * b, first_right * a) for a, b in values)
    if proportional is False:
        return compare.refuse("values differ")
    return proportional


def equation_and_named(compare: Comparison, gold: Equation, answer: Named) -> Ternary:
    """Compare `2x - y = 0` with `y = 2x`."""
    named = _as_equation(answer)
    if named is None:
        return None
    return same_equation(compare, gold, named)


def named_and_equation(compare: Comparison, gold: Named, answer: Equation) -> Ternary:
    """Compare `y = 2x` with `2x - y = 0`."""
    named = _as_equation(gold)
    if named is None:
        return None
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
    try:
        return all_of(_solves(zero, name, answer.node, point) for point in points(others))
    except Undefined:
        return None


def _solves(zero: Node, name: str, solution: Node, point: Mapping[str, Number]) -> Ternary:
    """Whether `zero` is 0 at the solution, and a line in `name`, so that there is no other solution."""
    first, second, third = (Evaluator({**point, name: Fraction(at)})(zero) for at in range(3))
    is_line = close(first + third, 2 * second)
    is_level = close(first, second)
    if is_line is not True or is_level is not False:
        return None
    at_solution = Evaluator({**point, name: Evaluator(point)(solution)})
    value = at_solution(zero)
    return value == 0 or abs(complex(value)) <= 1e-9 * at_solution.largest


def formula_and_equation(compare: Comparison, gold: Formula, answer: Equation) -> Ternary:
    """Compare `7` with `x + y = 7`, which names what is asked for; an equation to solve, `x - 2 = 5`, is no answer."""
    left, right = answer.left, answer.right
    symbols = _summands(left)
    is_solved = len(symbols) > 1 and len(set(symbols)) == len(symbols) and not right.symbols()
    if not is_solved or right == Node("number"):
        return compare.refuse("kinds differ")
    return same_formula(compare, gold, Formula("", right))


def _summands(node: Node) -> list[str]:
    """The names of the symbols that a formula is the sum or product of; of anything else nothing."""
    if node.kind == "symbol":
        return [node.name]
    if node.kind not in ("+", "*"):
        return []
    names = []
    for arg in node.args:
        found = _summands(arg)
        if not found:
            return []
        names += found
    return names
