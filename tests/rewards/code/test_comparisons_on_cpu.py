"""What is right of printed text and of values; comparisons that the data, or a user, ask for."""

import json
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.rewards.code import objects, text
from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.settings import CodeConfig

TOLERANCE = CodeConfig().tolerance


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("6\n", "6"),
        ("6", "6 \r\n\r\n"),
        ("1 2 \n3\n", "1 2\n3"),
        ("1 2", "1  2"),
        ("0.3", "0.30000000000000004"),
        ("0.333333", "0.3333333333333333"),
        ("2.0", "2"),
        ("1e-3", "0.001"),
        ("", "\n"),
        ("a\n\nb", "a\n\nb\n"),
        ("YES", "YES"),
    ],
)
def test_right_lines(expected: str, found: str) -> None:
    assert text.lines(expected, found, TOLERANCE)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("6", ""),
        ("6", "6 6"),
        ("6", "6\n6"),
        ("1 2", "2 1"),
        ("1 2\n3 4", "3 4\n1 2"),
        ("1\n2", "1 2"),
        ("1000000", "1000005"),
        ("10000000000.0", "10000000001.0"),
        ("0.3", "0.3001"),
        ("0.333333", "0.333332"),
        ("6", "6.0"),
        ("6", "06"),
        ("6", "\u0666"),
        ("6", "\uff16"),
        ("True", "1"),
        ("YES", "yes"),
        ("3.0", "nan"),
        ("3.0", "inf"),
        ("3.0", "3.0x"),
        (" *\n***", "*\n***"),
        ("a  b", "a b"),
        ("\nb", "b"),
        ("6", "6\x00"),
        ("6", "5\r6"),
        ("0.5", "1" * 5000),
    ],
)
def test_wrong_lines(expected: str, found: str) -> None:
    assert not text.lines(expected, found, TOLERANCE)


def test_other_comparisons_of_text() -> None:
    assert text.tokens("1\n2", "1 2", 0.0) and not text.tokens("1 2", "2 1", 0.0)
    assert text.floats("1000000", "1000000.5", 1e-6) and not text.floats("2", "2.1", 1e-6)
    assert text.any_order("a b\nc", "c\na  b", 0.0) and not text.any_order("a\na\nb", "a\nb\nb", 0.0)
    assert text.sets("1 2 3", "3\n2 1", 0.0) and not text.sets("1 2 3", "1 2 3 3", 0.0)
    assert text.exact("a \nb", "a \nb\n", 0.0) and not text.exact("a \nb", "a\nb", 0.0)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (0.3, 0.1 + 0.2),
        (1, 1.0),
        ([1, [2, 3]], (1, (2, 3))),
        ({"1": [2]}, {1: (2,)}),
        ([3, 1], {1, 3}),
        (None, None),
        (float("nan"), float("nan")),
        (10**400, 10**400),
        ({"a": {"b": 0.5}}, {"a": {"b": 0.5 + 1e-12}}),
    ],
)
def test_right_values(expected: Any, found: Any) -> None:
    assert objects.values(expected, found, TOLERANCE)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (1, True),
        (True, 1),
        (0, False),
        (0, None),
        ("1", 1),
        (10**10, 10.0**10 + 1),
        (10**400, 1.0),
        ([1, 2], [2, 1]),
        ([1], 1),
        (1, [1]),
        ([], {}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"1": 1, "2": 2}, {1: 1, "1": 1}),
        ([1, 1, 2], {1, 2}),
        ("a", b"a"),
        (0.3, float("nan")),
        ([[1, 2]], [[1, 2, 3]]),
    ],
)
def test_wrong_values(expected: Any, found: Any) -> None:
    assert not objects.values(expected, found, TOLERANCE)


def answer(code: str, tests: dict[str, Any], **settings: Any) -> float:
    return grade(f"```python\n{code}\n```", json.dumps(tests), CodeConfig(**settings)).score


def test_order_is_free_only_where_the_data_say_so() -> None:
    tests = {"fn_name": "f", "inputs": ["[1, 2]"], "outputs": ["[2, 1]"]}
    assert answer("def f(x): return x", tests) == 0.0
    assert answer("def f(x): return x", {**tests, "comparison": "any_order"}) == 1.0
    assert answer("def f(x): return x + x", {**tests, "comparison": "any_order"}) == 0.0


def test_a_tolerance_of_the_data_and_of_the_job() -> None:
    tests = {"inputs": ["1"], "outputs": ["0.500"]}
    assert answer("print(0.5001)", tests) == 0.0
    assert answer("print(0.5001)", {**tests, "tolerance": 1e-3}) == 1.0
    assert answer("print(0.5001)", tests, tolerance=1e-3) == 1.0


CHECKER = """
def check(given, expected, found):
    a, b = map(int, found.split())
    return a + b == int(given)
"""


def test_a_checker_program_decides_where_several_answers_are_right() -> None:
    tests = {"inputs": ["7", "9"], "outputs": ["3 4", "4 5"], "checker": CHECKER}
    assert answer("print(1, int(input()) - 1)", tests) == 1.0
    assert answer("print(1, 1)", tests) == 0.0
    assert answer("print('nothing')", tests) == 0.0  # the checker raises, and does not for the right output
    with pytest.raises(ValueError, match="the checker program of the data fails for the right output, too"):
        answer("print(1, 1)", {**tests, "checker": "def check(*_): return 1 / 0"})


def ends_alike(expected: str, found: str, tolerance: float) -> bool:
    return expected[-1:] == found.strip()[-1:]


def test_a_comparison_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "own_comparison", sys.modules[__name__])
    tests = {"inputs": ["1"], "outputs": ["12"]}
    assert answer("print(32)", tests, comparison="own_comparison.ends_alike") == 1.0
    assert answer("print(33)", tests, comparison="own_comparison.ends_alike") == 0.0
    with pytest.raises(ConfigError, match="still.reward.tests.comparison='linse'.*did you mean lines"):
        CodeConfig(comparison="linse")
