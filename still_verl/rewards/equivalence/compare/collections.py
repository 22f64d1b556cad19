"""Lists, sets, tuples and matrices, item by item."""

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Interpretations, Matrix, Named
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary


def same_collection(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    """Compare lists and sets in any order, tuples in theirs; a bare list may be a tuple without brackets."""
    if len(gold.items) != len(answer.items):
        return False
    brackets = {gold.bracket, answer.bracket} - {""}
    if len(brackets) > 1:
        return False
    if brackets and brackets != {"{"}:  # one of them is a tuple
        return compare.in_order(gold.items, answer.items)
    # `a=1, b=2` against `b=2, a=1`: by their names; other names may be left out or differ, and values decide.
    names, answer_names = _names(gold), _names(answer)
    if names and set(names) == set(answer_names):
        by_name = dict(zip(answer_names, answer.items, strict=True))
        return compare.in_order(gold.items, [by_name[name] for name in names])
    return same_items(compare, _without_names(gold), _without_names(answer))


def _names(collection: Collection) -> list[str]:
    """The names of items that are all named differently, else nothing."""
    names = []
    for item in collection.items:
        if item and isinstance(item[0], Named):
            names.append(item[0].name)
    if len(set(names)) != len(collection.items):
        return []
    return names


def _without_names(collection: Collection) -> list[Interpretations]:
    values = []
    for item in collection.items:
        if len(item) == 1 and isinstance(item[0], Named):
            item = item[0].value
        values.append(item)
    return values


def same_items(compare: Comparison, gold: list[Interpretations], answer: list[Interpretations]) -> Ternary:
    """Say whether each item has a partner of its own, on both sides."""
    if len(gold) != len(answer):
        return False
    left = list(answer)
    result: Ternary = True
    for item in gold:
        # Greedy: a pair that is equal for certain is never given up for one that might be.
        truths = [compare.interpretations(item, candidate) for candidate in left]
        if True in truths:
            left.pop(truths.index(True))
        elif None in truths:
            left.pop(truths.index(None))
            result = None
        else:
            return False
    return result


def collection_and_formula(compare: Comparison, gold: Collection, answer: Formula) -> Ternary:
    """Compare `{2}` with `2`."""
    if len(gold.items) != 1:
        return compare.without_rule(gold, answer)
    return compare.interpretations(gold.items[0], (answer,))


def formula_and_collection(compare: Comparison, gold: Formula, answer: Collection) -> Ternary:
    """Compare `2` with `{2}`."""
    if len(answer.items) != 1:
        return compare.without_rule(gold, answer)
    return compare.interpretations((gold,), answer.items[0])


def same_matrix(compare: Comparison, gold: Matrix, answer: Matrix) -> Ternary:
    """Compare matrices entry by entry."""
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return False
    return compare.in_order(_entries(gold), _entries(answer))


def matrix_and_collection(compare: Comparison, gold: Matrix, answer: Collection) -> Ternary:
    """Compare a vector, written as a row or as a column, with a tuple."""
    if not _is_vector(gold):
        return False
    return compare.values(Collection(_entries(gold), "("), answer)


def collection_and_matrix(compare: Comparison, gold: Collection, answer: Matrix) -> Ternary:
    """Compare a tuple with a vector."""
    if not _is_vector(answer):
        return False
    return compare.values(gold, Collection(_entries(answer), "("))


def _is_vector(matrix: Matrix) -> bool:
    return len(matrix.rows) == 1 or all(len(row) == 1 for row in matrix.rows)


def _entries(matrix: Matrix) -> tuple[Interpretations, ...]:
    entries: list[Interpretations] = []
    for row in matrix.rows:
        entries += row
    return tuple(entries)
