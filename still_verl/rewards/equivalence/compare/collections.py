"""Lists, sets, tuples and matrices, item by item."""

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Matrix, Named, Readings, Value
from still_verl.rewards.equivalence.compare.comparison import Comparison, Truth, all_of, opaque, rule


@rule(Collection, Collection)
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
    """Whether each item has a partner of its own, on both sides."""
    if len(gold) != len(answer):
        return False
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


@rule(Collection, Formula)
@rule(Formula, Collection)
def singleton(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """`{2}` against `2`."""
    collection, other = (gold, answer) if isinstance(gold, Collection) else (answer, gold)
    assert isinstance(collection, Collection)
    if len(collection.items) != 1:
        return None if opaque(gold) or opaque(answer) else False
    pair = (collection.items[0], (other,)) if collection is gold else ((other,), collection.items[0])
    return compare.readings(*pair)


@rule(Matrix, Matrix)
def same_matrix(compare: Comparison, gold: Matrix, answer: Matrix) -> Truth:
    """Entry by entry."""
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return False
    entries = zip(_entries(gold), _entries(answer), strict=True)
    return all_of(compare.readings(*pair) for pair in entries)


def _entries(matrix: Matrix) -> tuple[Readings, ...]:
    return tuple(entry for row in matrix.rows for entry in row)


@rule(Matrix, Collection)
@rule(Collection, Matrix)
def vector_tuple(compare: Comparison, gold: Value, answer: Value) -> Truth:
    """A vector is written as a column, as a row, or as a tuple."""
    both = [_as_tuple(value) if isinstance(value, Matrix) else value for value in (gold, answer)]
    return compare.values(both[0], both[1]) if both[0] and both[1] else False


def _as_tuple(matrix: Matrix) -> Collection | None:
    is_vector = len(matrix.rows) == 1 or all(len(row) == 1 for row in matrix.rows)
    return Collection(_entries(matrix), "(") if is_vector else None
