"""The frame of comparisons: three truth values, the choice of a rule, the budget, names."""

from itertools import product
from typing import Any

import pytest

from still_verl.rewards.equivalence.answer_types import Collection, Formula, Named, Piecewise, Words
from still_verl.rewards.equivalence.compare.comparison import (
    MAX_COMPARED,
    Comparison,
    Exhausted,
    Ternary,
    all_of,
    any_of,
    has_unread_part,
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
        (Piecewise, Piecewise): named("both"),
        (Piecewise, object): named("gold"),
        (object, Piecewise): named("answer"),
    }
    compare, clock, words = Comparison(rules), Piecewise(()), Words("a")
    for gold, answer in ((clock, clock), (clock, words), (words, clock)):
        assert compare.values(gold, answer) is True
    assert called == ["both", "gold", "answer"]


def test_kinds_without_a_rule_differ_unless_a_part_was_not_understood() -> None:
    compare = Comparison({})
    assert compare.values(READ, Piecewise(())) is False
    assert compare.values(UNREAD, Piecewise(())) is None
    assert compare.interpretations((), (READ,)) is None


@pytest.mark.parametrize(
    ("value", "unread"),
    [
        (READ, False),
        (UNREAD, True),
        (Collection(((READ,), (READ, UNREAD))), True),
        (Collection(((READ,), ())), True),
        (Named("x", (), (READ,)), False),
        (Named("x", (), ()), True),
        (Words("even"), False),
        (Words("route 66"), True),
    ],
    ids=str,
)
def test_what_was_not_understood(value: Any, unread: bool) -> None:
    assert has_unread_part(value) is unread


def test_the_budget_is_shared_with_renamed_comparisons() -> None:
    compare = Comparison({})
    renamed = compare.renamed("k", "n").renamed("m", "j")
    assert (renamed.alias, compare.alias) == ({"k": "n", "m": "j"}, {})
    for _ in range(MAX_COMPARED // 2):
        compare.spend()
        renamed.spend()
    with pytest.raises(Exhausted):
        renamed.spend()
