"""Lists, sets, tuples, matrices and functions by cases, item by item."""

from still_verl.rewards.equivalence.answer_types import Collection, Interpretations, Named
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary

_IN_ANY_ORDER = ("", "{", "∨", "⟪")


def same_collection(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    """Compare lists and sets in any order, tuples and values of different names in theirs."""
    names, answer_names = _names(gold), _names(answer)
    if names and answer_names:
        return _same_by_name(compare, gold, answer)
    if _contradict(gold, answer):
        return compare.refuse("names contradict")
    if gold.bracket not in _IN_ANY_ORDER or answer.bracket not in _IN_ANY_ORDER:
        return _same_tuple(compare, gold, answer)
    if "⟪" in (gold.bracket, answer.bracket) and gold.bracket != answer.bracket:
        return compare.refuse("kinds differ")
    if names:  # the values of `x=1, y=2` have an order
        if answer.bracket:
            return compare.refuse("kinds differ")
        return _in_order(compare, gold, answer)
    return same_items(compare, _distinct(compare, gold, answer), _distinct(compare, answer, gold))


def _same_by_name(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    """`a=1, b=2` against `b=2, a=1`."""
    names, answer_names = _names(gold), _names(answer)
    if set(names) != set(answer_names):
        return compare.refuse("names contradict")
    by_name = dict(zip(answer_names, answer.items, strict=True))
    return compare.in_order(gold.items, [by_name[name] for name in names])


def _same_tuple(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    """Compare a tuple with another, or with a list that may be one without its brackets.

    A pair that may be an interval needs its brackets, or names that give it an order: `-2, 7` could be claimed for
    `[-2, 7]` and for `(-2, 7)`. Alternatives ("1 or 2") are no tuple, and neither is a set.
    """
    brackets = {gold.bracket, answer.bracket}
    if len(brackets) > 1:
        if brackets != {"", "()"}:
            return compare.refuse("kinds differ")
        has_names = _names(gold) or _names(answer)
        if compare.is_strict and not has_names and (gold.may_be_interval or answer.may_be_interval):
            return compare.refuse("kinds differ")
    return _in_order(compare, gold, answer)


def _in_order(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    if len(gold.items) != len(answer.items):
        return compare.refuse("parts differ")
    return compare.in_order(_values(gold), _values(answer))


def _names(collection: Collection) -> list[str]:
    """The names of items that are all named, each differently; else nothing."""
    names = _all_names(collection)
    if len(names) < 2 or len(set(names)) != len(collection.items):
        return []
    return names


def _all_names(collection: Collection) -> list[str]:
    names = []
    for item in collection.items:
        if item and isinstance(item[0], Named):
            names.append(item[0].name)
    return names


def _contradict(gold: Collection, answer: Collection) -> bool:
    """Whether all items of each have one name, and another one: `x=1, x=2` and `y=1, y=2`."""
    names, answer_names = set(_all_names(gold)), set(_all_names(answer))
    are_letters = len("".join(names | answer_names)) == 2
    return len(names) == len(answer_names) == 1 and names != answer_names and are_letters


def _values(collection: Collection) -> list[Interpretations]:
    values = []
    for item in collection.items:
        if len(item) == 1 and isinstance(item[0], Named):
            item = item[0].value
        values.append(item)
    return values


def _distinct(compare: Comparison, collection: Collection, other: Collection) -> list[Interpretations]:
    """The values; those of a set, or of any list for a person who grades, are listed once."""
    values = _values(collection)
    if "{" in (collection.bracket, other.bracket) or not compare.is_strict:
        return list(dict.fromkeys(values))
    return values


def same_items(compare: Comparison, gold: list[Interpretations], answer: list[Interpretations]) -> Ternary:
    """Say whether each item has a partner of its own, on both sides."""
    if len(gold) != len(answer):
        return compare.refuse("parts differ")
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
