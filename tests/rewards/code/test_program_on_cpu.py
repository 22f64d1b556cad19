"""Which program a response has, whatever it is written in."""

import json

import pytest

from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.layouts import read_problem
from still_verl.rewards.code.program import find_program, last_program

FUNCTION = json.dumps({"fn_name": "f", "inputs": ["1"], "outputs": ["2"]})
PROGRAM = json.dumps({"inputs": ["1"], "outputs": ["2"]})
F = "def f(x):\n    return x + 1\n"
P = "print(int(input()) + 1)\n"


@pytest.mark.parametrize(
    ("response", "tests", "score"),
    [
        (f"```python\n{F}```", FUNCTION, 1.0),
        (F, FUNCTION, 1.0),
        (P, PROGRAM, 1.0),
        (f"```\n{F}```", FUNCTION, 1.0),
        (f"```py\n{F}```", FUNCTION, 1.0),
        (f"```Python\n{F}```", FUNCTION, 1.0),
        (f"~~~python\n{F}~~~", FUNCTION, 1.0),
        (f"```python\n{F}", FUNCTION, 1.0),
        (f"```python\n{F}```\nTest it:\n```python\nprint(f(3))\n```", FUNCTION, 1.0),
        (f"```python\ndef f(x):\n    return 0\n```\nBetter:\n```python\n{F}```", FUNCTION, 1.0),
        (f"```python\n{F}```\nOr:\n```python\ndef f(x):\n    return 0\n```", FUNCTION, 0.0),
        (f"```python\n{P}```\nIt prints\n```\n2\n```", PROGRAM, 1.0),
        (f"```python\n{P}```\nFor example\n```python\nassert 1 + 1 == 2\n```", PROGRAM, 1.0),
        (f"<think>```python\ndef f(x): return 0\n```</think>\n```python\n{F}```", FUNCTION, 1.0),
        (f"<think>```python\n{F}```</think>\nI do not know.", FUNCTION, 0.0),
        (f"```python\n{F}```".replace("\n", "\r\n"), FUNCTION, 1.0),
        (f"```python\n{F.replace('    ', chr(9))}```", FUNCTION, 1.0),
        ("```python\nf = lambda x: x + 1\n```", FUNCTION, 1.0),
        ("```python\nclass Solution:\n    def f(self, x):\n        return x + 1\n```", FUNCTION, 1.0),
        (f"1. So:\n   ```python\n   {F.replace(chr(10), chr(10) + '   ')}\n   ```", FUNCTION, 1.0),
        (f"```python\nHere is the code:\n{F}```", FUNCTION, 0.0),
        (f"```python\n{F}\0```", FUNCTION, 0.0),
        (f"```cpp\nint f(int x);\n```\n```python\n{F}```", FUNCTION, 1.0),
        (f"```python\n{F}```<|im_end|>```python\ndef f(x): return 0\n```", FUNCTION, 1.0),
        ("", FUNCTION, 0.0),
        ("I cannot.", FUNCTION, 0.0),
        ("```python\n```", PROGRAM, 0.0),
        (f"```python\n{F}# {'x' * 2_000_000}\n```", FUNCTION, 0.0),
        (f"```python\n{F}# {'x' * 900_000}\n```", FUNCTION, 1.0),
    ],
)
def test_the_last_block_that_defines_what_is_asked_for(response: str, tests: str, score: float) -> None:
    assert grade(response, tests).score == score


@pytest.mark.parametrize(
    "code", ["(" * 100_000, "-" * 500_000 + "1", "x = " + "[" * 5000, "f" * 900_000, "\\\n" * 100_000]
)
def test_code_that_breaks_parsers_breaks_its_own_process_only(code: str) -> None:
    assert grade(f"```python\n{code}\n```", FUNCTION).score == 0.0
    assert grade(f"```python\n{F}```", FUNCTION).score == 1.0


def test_a_program_may_go_on_where_the_task_ends() -> None:
    tests = {"prompt": "import math\n\ndef f(x):\n    '''Root.'''\n", "entry_point": "f"}
    tests["test"] = "def check(candidate):\n    assert candidate(9) == 3\n"
    assert grade("    return math.isqrt(x)\n", tests).score == 1.0
    assert grade("```python\ndef f(x):\n    return math.isqrt(x)\n```", tests).score == 1.0
    assert grade("    return 0\n", tests).score == 0.0
    assert grade("```python\nx = 1\n```", tests).score == 0.0


def test_the_function_of_the_task_is_no_answer() -> None:
    tests = {
        "prompt": "def f(x):\n    '''None.'''\n",
        "entry_point": "f",
        "test": "def check(c):\n    assert c(9) is None\n",
    }
    assert grade("```python\ndef g(x):\n    pass\n```", tests).score == 0.0


def test_the_program_that_is_logged() -> None:
    assert last_program(f"```python\na\n```\n```python\n{F}```") == F
    assert last_program("none") == ""
    assert find_program(f"```python\n{F}```", read_problem(FUNCTION)) == F
