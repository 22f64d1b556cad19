"""Whether a gold answer and an answer are the same, kind by kind.

Every function says True, False, or None for "cannot tell", and None only survives where another reading, or
math-verify in a worker, may still know. A rule takes (gold, answer): equality is symmetric except where a gold
equation is solved by an answer.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import product

from still_verl.rewards.rules.expression import Node
from still_verl.rewards.rules.number import Evaluator, TooLarge, Undefined, close, identical, points
from still_verl.rewards.rules.rounding import rounds_to, same_decimal
from still_verl.rewards.rules.units import contradict
from still_verl.rewards.rules.values import (
    Clock,
    Collection,
    Cut,
    Equation,
    Formula,
    Interval,
    Matrix,
    Named,
    Ordering,
    Readings,
    Region,
    Value,
    Words,
)

Truth = bool | None
Leaf = Callable[[str, str], Truth]


def unknown(gold: str, answer: str) -> Truth:
    """The leaf of the cheap path: what the parser does not understand stays open."""
    return None


def any_of(truths: Iterable[Truth]) -> Truth:
    """True as soon as one is; None when one might be."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        result = None if truth is None else result
    return result


def all_of(truths: Iterable[Truth]) -> Truth:
    """False as soon as one is; None when one might be."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        result = None if truth is None else result
    return result


class Comparison:
    """One comparison: `leaf` decides texts that are not understood, `alias` renames symbols of the answer."""

    def __init__(self, leaf: Leaf = unknown, alias: Mapping[str, str] | None = None) -> None:
        self.leaf = leaf
        self.alias = dict(alias or {})

    def readings(self, gold: Readings, answer: Readings) -> Truth:
        """Whether any reading of one is any reading of the other."""
        if not gold or not answer:
            return None
        return any_of(self.values(left, right) for left, right in product(gold, answer))

    def values(self, gold: Value, answer: Value) -> Truth:
        """Dispatch on the two kinds. Kinds that have no rule together differ, unless some part is not understood."""
        for left, right, rule in RULES:
            if isinstance(gold, left) and isinstance(answer, right):
                return rule(self, gold, answer)
        return None if opaque(gold) or opaque(answer) else False

    def renamed(self, old: str, new: str) -> "Comparison":
        """This comparison, with the answer's symbol `old` read as `new`."""
        return Comparison(self.leaf, self.alias | {old: new})


def opaque(value: Value) -> bool:
    """Whether some part of `value` was not understood."""
    if isinstance(value, Formula):
        return value.node is None
    if isinstance(value, Collection):
        return any(map(_opaque, value.items))
    if isinstance(value, Matrix):
        return any(_opaque(entry) for row in value.rows for entry in row)
    if isinstance(value, Words):
        return any(character.isdigit() for character in value.text)
    return isinstance(value, Named) and _opaque(value.value)


def _opaque(readings: Readings) -> bool:
    return not readings or any(map(opaque, readings))


def same_formula(compare: Comparison, gold: Formula, answer: Formula) -> Truth:
    """Equal values, as units allow; decimals within the tolerance of `rounding`."""
    if gold.node is None or answer.node is None:
        return compare.leaf(gold.text, answer.text)
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
    return True if same is False and _same_when_rounded(gold, answer) else same


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


def same_collection(compare: Comparison, gold: Collection, answer: Collection) -> Truth:
    """Lists and sets in any order, tuples in theirs; a bare list may be a tuple without brackets, in the same order."""
    if len(gold.items) != len(answer.items):
        return False
    brackets = {gold.bracket, answer.bracket} - {""}
    if len(brackets) > 1:
        return False
    if brackets and brackets != {"{"}:
        return all_of(compare.readings(*pair) for pair in zip(gold.items, answer.items, strict=True))
    labels = _labels(gold), _labels(answer)
    if all(labels) and set(labels[0]) == set(labels[1]):
        by_label = dict(zip(labels[1], answer.items, strict=True))
        return all_of(
            compare.readings(item, by_label[label]) for label, item in zip(labels[0], gold.items, strict=True)
        )
    return same_items(compare, [_unlabelled(item) for item in gold.items], [_unlabelled(item) for item in answer.items])


def _labels(collection: Collection) -> list[str]:
    """The names of items that are all named differently, else nothing."""
    names = [item[0].name for item in collection.items if item and isinstance(item[0], Named)]
    return names if len(set(names)) == len(collection.items) else []


def _unlabelled(readings: Readings) -> Readings:
    return readings[0].value if len(readings) == 1 and isinstance(readings[0], Named) else readings


def same_items(compare: Comparison, gold: list[Readings], answer: list[Readings]) -> Truth:
    """Whether each item has a partner of its own."""
    left, undecided = list(answer), False
    for item in gold:
        truths = [compare.readings(item, candidate) for candidate in left]
        if True in truths:
            left.pop(truths.index(True))
        elif None in truths:
            left.pop(truths.index(None))
            undecided = True
        else:
            return False
    return None if undecided else True


def same_region(compare: Comparison, gold: Region, answer: Region) -> Truth:
    """The same cuts."""
    if len(gold.cuts) != len(answer.cuts):
        return False
    return all(
        left.after == right.after and _same_end(left, right) for left, right in zip(gold.cuts, answer.cuts, strict=True)
    )


def _same_end(left: Cut, right: Cut) -> bool:
    if left.value == right.value or not (math.isfinite(left.value) and math.isfinite(right.value)):
        return left.value == right.value
    if left.decimals and right.decimals:
        return same_decimal(_literal(left), _literal(right))
    if left.decimals or right.decimals:
        decimal, exact = (left, right) if left.decimals else (right, left)
        return rounds_to(complex(exact.value), _literal(decimal))
    return bool(close(left.value + 0j, right.value + 0j))


def _literal(cut: Cut) -> Node:
    return Node("number", value=Fraction(cut.value).limit_denominator(10**cut.decimals), decimals=cut.decimals)


def region_of_points(compare: Comparison, gold: Region, answer: Collection) -> Truth:
    """A region of isolated points against a list."""
    points_only = zip(gold.cuts[::2], gold.cuts[1::2], strict=True)
    if not gold.cuts or any(begin.value != end.value for begin, end in points_only):
        return False
    items = tuple((Formula("", Node("number", value=Fraction(cut.value))),) for cut in gold.cuts[::2])
    return same_items(compare, list(items), list(answer.items))


def same_interval(compare: Comparison, gold: Interval, answer: Interval) -> Truth:
    """The same ends and brackets."""
    if gold.brackets != answer.brackets:
        return False
    return all_of([same_formula(compare, gold.low, answer.low), same_formula(compare, gold.high, answer.high)])


def same_ordering(compare: Comparison, gold: Ordering, answer: Ordering) -> Truth:
    """The same sides in the same order, read from either end."""
    turned = Ordering(answer.sides[::-1], answer.relations[::-1].translate(str.maketrans("<>≤≥", "><≥≤")))
    return any_of(_same_sides(compare, gold, other) for other in (answer, turned))


def _same_sides(compare: Comparison, gold: Ordering, answer: Ordering) -> Truth:
    if gold.relations != answer.relations:
        return False
    return all_of(same_formula(compare, *pair) for pair in zip(gold.sides, answer.sides, strict=True))


def same_named(compare: Comparison, gold: Named, answer: Named) -> Truth:
    """The same name and value; parameters may be called differently."""
    if len(gold.params) == len(answer.params):
        for new, old in zip(gold.params, answer.params, strict=True):
            compare = compare.renamed(old, new) if old != new else compare
    if gold.name != answer.name and not (gold.params and answer.params):
        return False
    return compare.readings(gold.value, answer.value)


def gold_named(compare: Comparison, gold: Named, answer: Value) -> Truth:
    """`N = n` against `n`, and `f(x) = 2x` against `2z`: a name may be left out, a parameter renamed."""
    symbols = _symbols((answer,)) - _symbols(gold.value)
    if len(gold.params) == 1 and len(symbols) == 1 and gold.params[0] not in _symbols((answer,)):
        compare = compare.renamed(next(iter(symbols)), gold.params[0])
    return compare.readings(gold.value, (answer,))


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


def same_equation(compare: Comparison, gold: Equation, answer: Equation) -> Truth:
    """The same curve: the differences of the sides are proportional."""
    left, right = _difference(gold), _difference(answer)
    ratios = []
    for point in points((left.symbols() | right.symbols()) - {"π", "e", "i"}):
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


def equation_value(compare: Comparison, gold: Value, answer: Equation) -> Truth:
    """`7` against `x + y = 7`: the constant on the right of something that is not yet to be solved."""
    unsolved = answer.left.kind == "*" and any(factor.kind == "number" for factor in answer.left.args)
    homogeneous = answer.right == Node("number")
    if answer.right.symbols() or not answer.left.symbols() or unsolved or homogeneous or not isinstance(gold, Formula):
        return None
    return same_formula(compare, gold, Formula("", answer.right))


def same_matrix(compare: Comparison, gold: Matrix, answer: Matrix) -> Truth:
    """Entry by entry."""
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return False
    entries = zip(_entries(gold), _entries(answer), strict=True)
    return all_of(compare.readings(*pair) for pair in entries)


def _entries(matrix: Matrix) -> tuple[Readings, ...]:
    return tuple(entry for row in matrix.rows for entry in row)


def vector_tuple(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """A vector is written as a column, as a row, or as a tuple."""
    both = [_as_tuple(value) if isinstance(value, Matrix) else value for value in (gold, answer)]
    return compare.values(both[0], both[1]) if both[0] and both[1] else False


def _as_tuple(matrix: Matrix) -> Collection | None:
    is_vector = len(matrix.rows) == 1 or all(len(row) == 1 for row in matrix.rows)
    return Collection(_entries(matrix), "(") if is_vector else None


def singleton(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """`{2}` against `2`."""
    collection, other = (gold, answer) if isinstance(gold, Collection) else (answer, gold)
    assert isinstance(collection, Collection)
    if len(collection.items) != 1:
        return None if opaque(gold) or opaque(answer) else False
    pair = (collection.items[0], (other,)) if collection is gold else ((other,), collection.items[0])
    return compare.readings(*pair)


def same_clock(compare: Comparison, gold: Clock, answer: Clock) -> Truth:
    """The same time; without "am" or "pm" on one side, the same face of the clock."""
    if gold.half and answer.half:
        return gold.minutes == answer.minutes
    return gold.minutes % 720 == answer.minutes % 720


def same_words(compare: Comparison, gold: Words, answer: Words) -> Truth:
    """The same words."""
    return gold.text == answer.text or (None if opaque(gold) or opaque(answer) else False)


def decide(gold: Readings, answer: Readings, leaf: Leaf = unknown) -> Truth:
    """`Comparison.readings`, where a number too large to be evaluated is no answer."""
    try:
        return Comparison(leaf).readings(gold, answer)
    except TooLarge:
        return None


RULES: tuple[tuple[type, type, Callable[..., Truth]], ...] = (
    (Formula, Formula, same_formula),
    (Collection, Collection, same_collection),
    (Region, Region, same_region),
    (Region, Collection, region_of_points),
    (Collection, Region, lambda compare, gold, answer: region_of_points(compare, answer, gold)),
    (Interval, Interval, same_interval),
    (Ordering, Ordering, same_ordering),
    (Named, Named, same_named),
    (Named, Equation, named_equation),
    (Equation, Named, named_equation),
    (Named, object, gold_named),
    (object, Named, answer_named),
    (Equation, Equation, same_equation),
    (Equation, Formula, solved_equation),
    (object, Equation, equation_value),
    (Matrix, Matrix, same_matrix),
    (Matrix, Collection, vector_tuple),
    (Collection, Matrix, vector_tuple),
    (Collection, Formula, singleton),
    (Formula, Collection, singleton),
    (Clock, Clock, same_clock),
    (Words, Words, same_words),
)
