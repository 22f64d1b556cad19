"""The frame of comparisons: three truth values, the choice of a rule, the budget, names."""

from itertools import product
from typing import Any

import pytest

from still_verl.rewards.equivalence.answer_types import NOTHING, Formula, Region, Words
from still_verl.rewards.equivalence.compare.comparison import (
    MAX_COMPARED,
    Comparison,
    Exhausted,
    Ternary,
    all_of,
    any_of,
)
from still_verl.rewards.equivalence.node import number

UNREAD = Formula("?", None)
READ = Formula("1", number(1))


@pytest.mark.parametrize("truths", list(product([True, False, None], repeat=3)), ids=str)
def test_three_truth_values(truths: tuple[Ternary, ...]) -> None:
    assert any_of(truths) is (True if True in truths else None if None in truths else False)
    assert all_of(truths) is (False if False in truths else None if None in truths else True)


def test_nothing_is_compared_after_it_is_decided() -> None:
    asked: list[int] = []

    def ask(truths: list[Ternary]) -> Any:
        for place, truth in enumerate(truths):
            asked.append(place)
            yield truth

    any_of(ask([None, True, False]))
    all_of(ask([None, False, True]))
    assert asked == [0, 1, 0, 1]


def test_a_rule_for_both_kinds_comes_before_one_for_any() -> None:
    called: list[str] = []

    def named(name: str) -> Any:
        return lambda compare, gold, answer: called.append(name) or True

    rules = {
        (Region, Region): named("both"),
        (Region, object): named("gold"),
        (object, Region): named("answer"),
    }
    compare, clock, words = Comparison(rules), NOTHING, Words("a")
    for gold, answer in ((clock, clock), (clock, words), (words, clock)):
        assert compare.values(gold, answer) is True
    assert called == ["both", "gold", "answer"]


def test_kinds_without_a_rule_differ_unless_a_part_was_not_understood() -> None:
    compare = Comparison({})
    assert compare.values(READ, NOTHING) is False
    assert compare.values(UNREAD, NOTHING) is None
    assert compare.interpretations((), (READ,)) is None


def test_the_budget_is_shared_with_renamed_comparisons() -> None:
    compare = Comparison({})
    renamed = compare.renamed({"k": "n"}).renamed({"m": "j"})
    assert (renamed.alias, compare.alias) == ({"k": "n", "m": "j"}, {})
    for _ in range(MAX_COMPARED // 2):
        compare.spend()
        renamed.spend()
    with pytest.raises(Exhausted):
        renamed.spend()
