"""Lists, sets, tuples, matrices and functions by cases, item by item."""

from still_verl.rewards.equivalence.answer_types import Collection, Interpretations, Named
from still_verl.rewards.equivalence.compare.comparison import Comparison, Ternary


def same_collection(compare: Comparison, gold: Collection, answer: Collection) -> Ternary:
    """Compare lists and sets in any order, tuples and values of different names in theirs."""
    names, answer_names = _names(gold), _names(answer)
    if names and answer_names:  # `a=1, b=2` and `b=2, a=1`
        if set(names) != set(answer_names):
            return compare.refuse("names contradict")
        by_name = dict(zip(answer_names, answer.items, strict=True))
        return compare.in_order(gold.items, [by_name[name] for name in names])
    if _contradict(gold, answer):
        return compare.refuse("names contradict")
    if compare.is_strict and names and 0 < len(_all_names(answer)) < len(answer.items):
        return compare.refuse("names contradict")  # `x=1, 2` also says that x is 1 or 2
    brackets = {gold.bracket, answer.bracket}
    if compare.is_strict and gold.bracket == "{" and len({name.rstrip("_0123456789") for name in answer_names}) > 1:
        return compare.refuse("kinds differ")  # the values of `a=1, b=2` are no set
    if brackets == {"⟪"} or (brackets <= {"", "{", "∨"} and not names):
        same = same_items(compare, _values(gold), _values(answer))
        if same is False and _counts_once(compare, gold, answer):
            return same_items(compare, _distinct(gold), _distinct(answer))
        return same
    # A tuple needs its brackets, or names that give it an order: `-2, 7` could be claimed for `[-2, 7]`, for `(-2, 7)`
    # and for the set. Alternatives ("1 or 2") are no tuple, and neither is a set.
    is_claim = not (names or answer_names)
    if len(brackets) > 1 and (is_claim or brackets != {"", "()"}):
        return compare.refuse("kinds differ")
    return compare.in_order(_values(gold), _values(answer))


def _counts_once(compare: Comparison, gold: Collection, answer: Collection) -> bool:
    """Whether a value that is there twice counts once, as in a set. A right answer that repeats one says how often."""
    if not compare.is_strict or gold.bracket == "{":
        return True
    return answer.bracket == "{" and len(_distinct(gold)) == len(gold.items)


def _names(collection: Collection) -> list[str]:
    """The names of items that are all named, each differently; else nothing."""
    names = _all_names(collection)
    are_different = len(set(names)) == len(collection.items) > 1
    return names if are_different else []


def _all_names(collection: Collection) -> list[str]:
    return [item[0].name for item in collection.items if item and isinstance(item[0], Named)]


def _contradict(gold: Collection, answer: Collection) -> bool:
    """Whether all items of each have one name, and another one: `x=1, x=2` and `y=1, y=2`."""
    names, answer_names = set(_all_names(gold)), set(_all_names(answer))
    are_letters = len("".join(names | answer_names)) == 2
    return len(names) == len(answer_names) == 1 and names != answer_names and are_letters


def _values(collection: Collection) -> list[Interpretations]:
    """The items without their names."""
    values = []
    for item in collection.items:
        if len(item) == 1 and isinstance(item[0], Named):
            item = item[0].value
        values.append(item)
    return values


def _distinct(collection: Collection) -> list[Interpretations]:
    return list(dict.fromkeys(_values(collection)))


def same_items(compare: Comparison, gold: list[Interpretations], answer: list[Interpretations]) -> Ternary:
    """Say whether each item has a partner of its own, on both sides."""
    if len(gold) != len(answer):
        return compare.refuse("parts differ")
    left = list(answer)
    result: Ternary = True
    for item in gold:
        # Greedy: a pair that is equal for certain is never given up for one that might be.
        truths: list[Ternary] = []
        for candidate in left:
            truths.append(compare.interpretations(item, candidate))
            if truths[-1]:
                break
        best = True if True in truths else None
        if best not in truths:
            return False
        left.pop(truths.index(best))
        result = result and best
    return result
