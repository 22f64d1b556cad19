"""The table of rules: which kinds meet, and in which order."""

import inspect
from typing import get_args

from still_verl.rewards.equivalence.answer_types import Equation, Formula, Region, Value
from still_verl.rewards.equivalence.compare.table import RULES

KINDS = set(get_args(Value))


def test_every_kind_can_be_equal_to_its_own() -> None:
    assert {kind for kind in KINDS if (kind, kind) not in RULES} == set()
    assert Region in KINDS


def test_kinds_that_can_be_equal_have_a_rule_both_ways() -> None:
    one_way = {(Equation, Formula)}  # an answer may solve a gold equation
    assert {pair for pair in RULES if pair[::-1] not in RULES} == one_way


def test_a_rule_takes_a_comparison_and_values_of_its_two_kinds() -> None:
    for (gold, answer), rule in RULES.items():
        parameters = inspect.signature(rule).parameters
        assert list(parameters) == ["compare", "gold", "answer"], rule
        for name, kind in (("gold", gold), ("answer", answer)):
            expected = Value if kind is object else kind
            assert parameters[name].annotation == expected, (rule, name)
