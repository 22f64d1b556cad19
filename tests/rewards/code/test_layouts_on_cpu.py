"""Tests of a row, in the layouts of the usual data sets, and what is wrong with those that cannot be used."""

import base64
import json
import pickle
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.layouts import read_problem
from still_verl.rewards.code.problem import UnreadableTests


def packed(value: Any) -> str:
    """As LiveCodeBench packs its private tests."""
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


CASES = [{"input": "3\n", "output": "6\n", "testtype": "stdin"}]
CALLS = [{"input": "3\n[1, 2]", "output": "[6]", "testtype": "functional"}]
PROGRAMS = {
    "prime_code": {"inputs": ["3\n"], "outputs": ["6\n"]},
    "no name": {"inputs": ["3\n"], "outputs": ["6\n"], "fn_name": None},
    "lines": {"inputs": [["3"]], "outputs": [["6"]]},
    "CodeContests": {
        "public_tests": {"input": ["3\n"], "output": ["6\n"]},
        "private_tests": {"input": [], "output": []},
        "generated_tests": {"input": ["4"], "output": ["8"]},
    },
    "LiveCodeBench": {"public_test_cases": json.dumps(CASES), "private_test_cases": packed(json.dumps(CASES))},
    "PrimeIntellect": {"language": "python", "test_cases": [{"type": "stdin_stdout", "input": "3", "output": "6"}]},
    "a list": [{"input": "3", "output": "6"}],
    "APPS": {"input_output": json.dumps({"inputs": ["3"], "outputs": ["6"]})},
    "numpy": {"inputs": np.array(["3"]), "outputs": np.array(["6"])},
    "text": json.dumps(json.dumps({"inputs": ["3"], "outputs": ["6"]})),
}
DOUBLE = "print(2 * int(input()))"
FUNCTIONS = {
    "prime_code": {"fn_name": "f", "inputs": ["3\n[1, 2]"], "outputs": ["[6]"]},
    "APPS": {"fn_name": "f", "inputs": [[3, [1, 2]]], "outputs": [[6]]},
    "APPS, wrapped": {"fn_name": "f", "inputs": [[3, [1, 2]]], "outputs": [[[6]]]},
    "LiveCodeBench": {
        "public_test_cases": CALLS,
        "private_test_cases": packed(json.dumps(CALLS)),
        "metadata": json.dumps({"func_name": "f"}),
    },
    "PrimeIntellect": {"test_cases": [{"fn_name": "f", "type": "function_call", "input": [3, [1, 2]], "output": [6]}]},
    "MBPP": {"test_list": ["assert f(3, [1, 2]) == [6]"], "test_setup_code": ""},
    "assertions": ["assert f(3, [1, 2]) == [6]", "assert f(4, []) == [8]"],
    "KodCode": {"test": "from solution import f\n\ndef test_one():\n    assert f(3, [1, 2]) == [6]\n"},
    "KodCode, module": {"test": "import solution\n\ndef test_one():\n    assert solution.f(3, []) == [6]\n"},
    "a class": {"test": "class TestF:\n    def setUp(self):\n        self.x = 3\n"
    "    def test_f(self):\n        assert f(self.x, []) == [6]\n"},
    "MBPP+": {"test": "for given, wanted in [((3, []), [6])]:\n    assert f(*given) == wanted\n", "test_list": [""]},
    "HumanEval": {
        "prompt": "def f(x, rest):\n    '''Double.'''\n",
        "entry_point": "f",
        "test": "def check(candidate):\n    assert candidate(3, [1, 2]) == [6]\n",
    },
}  # fmt: skip
RIGHT, WRONG = "def f(x, rest):\n    return [2 * x]", "def f(x, rest):\n    return [2 * x, 1]"
SOLUTION = "class Solution:\n    def f(self, x, rest):\n        return [2 * x]"


@pytest.mark.parametrize("ground_truth", PROGRAMS.values(), ids=PROGRAMS.keys())
@pytest.mark.parametrize("as_json", [False, True])
def test_layouts_of_programs(ground_truth: Any, as_json: bool) -> None:
    if as_json:
        ground_truth = json.dumps(ground_truth, default=np.ndarray.tolist)
    assert grade(f"```python\n{DOUBLE}\n```", ground_truth).reason == "passed"
    assert grade("```python\nprint(7)\n```", ground_truth).reason == "wrong output"


@pytest.mark.parametrize("ground_truth", FUNCTIONS.values(), ids=FUNCTIONS.keys())
@pytest.mark.parametrize("code", [RIGHT, SOLUTION], ids=["function", "class Solution"])
def test_layouts_of_functions(ground_truth: Any, code: str) -> None:
    assert grade(f"```python\n{code}\n```", json.dumps(ground_truth)).reason == "passed"
    assert grade(f"```python\n{WRONG}\n```", ground_truth).score == 0.0
    assert grade("```python\ndef g(): pass\n```", ground_truth).score == 0.0


FAULTS = {
    "nothing": (None, "type NoneType"),
    "empty": ({"inputs": [], "outputs": []}, "there is no test"),
    "empty list": ([], "there is no test"),
    "unequal": ({"inputs": ["1", "2"], "outputs": ["1"]}, "2 inputs and 1 outputs"),
    "no JSON": ("{'inputs': ['1'", "not JSON"),
    "no list": ({"inputs": "1", "outputs": "1"}, "inputs is a str, and not a list"),
    "unknown keys": ({"answer": "3"}, "no known layout of tests has the keys answer"),
    "10,000 tests": ({"inputs": ["1"] * 10_000, "outputs": ["1"] * 10_000}, "10000 tests; keep 2000"),
    "50 MB": ({"inputs": ["1" * 50_000_000 + " " * 5_000_000], "outputs": ["1"]}, "keep 48"),
    "a large output": ({"inputs": ["1"], "outputs": ["1" * 7_000_000]}, "the output of test 0 has more than 6 MiB"),
    "arguments that are no JSON": ({"fn_name": "f", "inputs": ["x y"], "outputs": ["1"]}, "test 0: it is not JSON"),
    "an output that is no JSON": ({"fn_name": "f", "inputs": ["1"], "outputs": ["yes"]}, "test 0: it is not JSON"),
    "no assertion": (["f(3)"], "asserts nothing"),
    "an assertion about itself": (["assert 1 == 1"], "the tests name nothing that the program must define"),
    "no Python": (["assert f(3 == 6"], "is no Python"),
    "check without assertions": ({"test": "def check(c):\n    c(1)", "entry_point": "f"}, "asserts nothing"),
    "a fixture": ({"test": "def test_f(tmp_path):\n    assert f(3)"}, "test_f takes arguments"),
    "a package that is not there": (
        {"test": "import nowhere\nassert f(1)"},
        "import nowhere, which is not installed",
    ),
    "a mixture": ([{"input": "1", "output": "2"}, "assert f(1)"], "neither only assertions nor only mappings"),
    "no output": ([{"input": "1"}], "test 0 has no input and output"),
    "several kinds": ([{"input": "1", "output": "2", "fn_name": "f"}, {"input": "1", "output": "2"}], "several kinds"),
    "a hostile pickle": ({"private_test_cases": packed(print)}, "it names builtins.print"),
    "packed numbers": ({"private_test_cases": packed([1])}, "compressed tests are a list"),
    "a tolerance": ({"inputs": ["1"], "outputs": ["1"], "tolerance": 2}, "tolerance=2; use a number"),
}


@pytest.mark.parametrize(("ground_truth", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_tests_that_cannot_be_used_pay_nobody_and_are_named(ground_truth: Any, said: str) -> None:
    with pytest.raises(UnreadableTests, match=said):
        read_problem(ground_truth)
    found = grade(f"```python\n{RIGHT}\n```", ground_truth)
    assert (found.score, found.reason) == (0.0, "unreadable tests") and found.tests_fault


def test_compressed_tests_that_would_fill_the_memory_are_refused() -> None:
    bomb = base64.b64encode(zlib.compress(b"0" * 200_000_000)).decode()
    with pytest.raises(UnreadableTests, match="more than 96 MiB"):
        read_problem({"private_test_cases": bomb})


def test_what_stands_beside_nested_tests_is_read() -> None:
    tests = {"test_cases": [{"input": "1", "output": "2 1"}], "comparison": "sets"}
    assert read_problem(tests).comparison == "sets"
    assert grade("```python\nprint(1, 2)\n```", tests).score == 1.0


ODD = {
    "public_tests": ({"public_tests": ["1"]}, "do not fit the layout"),
    "metadata": ({"public_test_cases": CALLS, "metadata": [1]}, "do not fit the layout"),
    "test_list": ({"test_list": 5}, "do not fit the layout"),
}


@pytest.mark.parametrize(("ground_truth", "said"), ODD.values(), ids=ODD.keys())
def test_what_does_not_fit_its_layout_is_named(ground_truth: Any, said: str) -> None:
    with pytest.raises(UnreadableTests, match=said):
        read_problem(ground_truth)


KEYS = ("inputs", "outputs", "fn_name", "test", "entry_point", "test_list", "public_tests", "private_test_cases")
KEYS += ("metadata", "input_output", "test_cases", "input", "output", "checker", "comparison", "tolerance")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("assert f(1)"),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(KEYS), part, max_size=4),
    max_leaves=10,
)


@given(ANYTHING)
@settings(max_examples=500)
def test_any_data_are_read_or_named(ground_truth: Any) -> None:
    for form in (ground_truth, json.dumps(ground_truth)):
        try:
            problem = read_problem(form)
        except UnreadableTests:
            continue
        assert problem.tests and problem.digest == read_problem(form).digest


def test_integers_of_any_length() -> None:
    digits = "9" * 6000
    tests = {"fn_name": "f", "inputs": ["6000"], "outputs": [digits]}
    assert grade("def f(n):\n    return 10**n - 1", json.dumps(tests)).score == 1.0
    assert grade("def f(n):\n    return 10**n - 2", json.dumps(tests)).score == 0.0
    assert grade("print(10**int(input()) - 1)", {"inputs": ["6000"], "outputs": [digits]}).score == 1.0


def test_files_of_tests_that_end_or_run_themselves() -> None:
    ends = {"test": "import sys\nassert f(1) == 2\nsys.exit(0)"}
    assert grade("def f(x): return 2", ends).score == 0.0
    file = "import unittest\nfrom solution import *\nclass TestF(unittest.TestCase):\n"
    file += "    def test_f(self):\n        self.assertEqual(f(1), 2)\n"
    runs = {"test": f"{file}if __name__ == '__main__':\n    unittest.main()\n"}
    assert grade("def f(x): return 2", runs).score == 1.0
    assert grade("def f(x): return 3", runs).score == 0.0
