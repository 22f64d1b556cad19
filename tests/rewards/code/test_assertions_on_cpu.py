"""Tests that are Python: what they can do with a program in another process, and what that cannot do to them."""

import json

import pytest

from still_verl.rewards.code.grade import grade
from still_verl.rewards.code.settings import CodeConfig

QUICK = CodeConfig(seconds=3.0)
STACK = """
class Empty(Exception):
    pass

class Stack:
    kind = "LIFO"

    def __init__(self, items=()):
        self.items = list(items)

    def push(self, item):
        self.items.append(item)
        return self

    def pop(self):
        if not self.items:
            raise IndexError("empty")
        return self.items.pop()

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        return self.items[place]
"""
PASS = {
    "changes its argument": ("def f(x):\n    x.sort()", "x = [3, 1]\nf(x)\nassert x == [1, 3]"),
    "changes a dictionary": ("def f(x):\n    x['b'] = 2", "x = {'a': 1}\nf(x)\nassert x == {'a': 1, 'b': 2}"),
    "raises": (
        "def f(x):\n    raise ValueError('no')",
        "try:\n    f(1)\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'no'",
    ),
    "pytest.raises": ("def f(x):\n    return 1 / x", "import pytest\nwith pytest.raises(ZeroDivisionError):\n    f(0)"),
    "yields": ("def f(n):\n    yield from range(n)", "assert list(f(3)) == [0, 1, 2]\nassert sum(f(4)) == 6"),
    "options": ("def f(a, *, b=1):\n    return a + b", "assert f(1) == 2\nassert f(1, b=3) == 4"),
    "tuples and sets": ("def f(x):\n    return {(1, 2), x}", "assert f((3, 4)) == {(1, 2), (3, 4)}"),
    "a constant": ("LIMIT = 7\ndef f(): return LIMIT", "assert LIMIT == 7 and f() == LIMIT"),
    "calls back": ("def f(g, x):\n    return g(x)\ndef h(x):\n    return x + 1", "assert f(h, 1) == 2"),
    "a class": (
        STACK,
        "s = Stack([1])\ns.push(2).push(3)\nassert len(s) == 3 and s.pop() == 3 and s[0] == 1\n"
        "assert s.items == [1, 2] and Stack.kind == 'LIFO'",
    ),
    "an attribute is set": (STACK, "s = Stack()\ns.items = [5]\nassert s.pop() == 5"),
    "an object raises": (STACK, "s = Stack()\ntry:\n    s.pop()\n    assert False\nexcept IndexError:\n    pass"),
    "the same object": ("A = object()\ndef f(): return A", "assert f() == f() and f() == A"),
    "numpy": ("from numpy import cumsum as f", "import numpy as np\nassert np.allclose(f([1, 2]), [1, 3])"),
    "a large value": ("def f(n): return list(range(n))", "assert len(f(200000)) == 200000"),
    "prints": ("def f(x):\n    print('noise')\n    return x", "assert f(1) == 1"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "test"), PASS.values(), ids=PASS.keys())
def test_what_tests_may_do(code: str, test: str) -> None:
    assert grade(f"```python\n{code}\n```", json.dumps([test]), QUICK).reason == "passed"


YES = "class Yes:\n    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = __bool__ = lambda *_: True\n"
YES += "    __sub__ = __rsub__ = __abs__ = __add__ = lambda *_: 0\n"
YES += "    __float__ = lambda *_: 42.0\n    __len__ = lambda *_: 3\n"
WRITES = """
import os
def f(x):
    for fd in range(3, 50):
        try:
            os.write(fd, {!r})
        except OSError:
            pass
    return 0
"""
PATCHES = """
import sys
for module in list(sys.modules.values()):
    for name in ("check", "Remote", "Program"):
        if hasattr(module, name):
            setattr(module, name, lambda *_: None)
def f(x): return 0
"""
FAIL = {
    "equal to all": (f"{YES}def f(x): return Yes()", "assert f(1) == 42"),
    "equal from the right": (f"{YES}def f(x): return Yes()", "assert 42 == f(1)"),
    "has all": (f"{YES}def f(x): return Yes()", "assert 42 in f(1)"),
    "in a list": (f"{YES}def f(x): return [Yes()]", "assert 42 in f(1)"),
    "in between": (f"{YES}def f(x): return Yes()", "assert 41 < f(1) < 43"),
    "near": (f"{YES}def f(x): return Yes()", "assert abs(f(1) - 42) < 1e-6"),
    "isclose": (f"{YES}def f(x): return Yes()", "import math\nassert math.isclose(f(1), 42)"),
    "two of them": (f"{YES}def f(x): return Yes()\ndef g(x): return Yes()", "assert f(1) == g(1)"),
    "a key": (f"{YES}def f(x): return Yes()", "assert {42: 1}[f(1)] == 1"),
    "an int": ("class Yes(int):\n    __eq__ = lambda *_: True\ndef f(x): return Yes()", "assert f(1) == 42"),
    "ends its process": ("import os\ndef f(x): os._exit(0)", "assert f(1) == 42"),
    "ends it at once": ("import os\nos._exit(0)", "assert f(1) == 42"),
    "exits": ("def f(x): raise SystemExit(0)", "assert f(1) == 42"),
    "and nobody notices": ("import os\ndef f(x): os._exit(0)", "try:\n    assert f(1) == 42\nexcept:\n    pass"),
    "endless": ("import itertools\ndef f(x): return itertools.count()", "assert 42 in list(f(1))"),
    "is never called": ("def f(x): return 42", "if False:\n    assert f(1) == 42"),
    "is not there": ("def g(x): return 42", "assert f(1) == 42"),
    "says too much": (WRITES.format(b'{"value": "42"}\n' * 3), "assert f(1) == 42 and f(2) == 43"),
    "sends no value": (WRITES.format(b"x\n"), "try:\n    assert f(1) == 42\nexcept BaseException:\n    pass"),
    "changes the tests": (PATCHES, "assert f(1) == 42"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "test"), FAIL.values(), ids=FAIL.keys())
def test_what_programs_cannot_do(code: str, test: str) -> None:
    found = grade(f"```python\n{code}\n```", json.dumps([test]), QUICK)
    assert found.score == 0.0 and not found.tests_fault


def test_each_test_has_a_process_of_its_own() -> None:
    code = "calls = []\ndef f(x):\n    calls.append(x)\n    return len(calls)"
    assert grade(f"```python\n{code}\n```", ["assert f(1) == 1", "assert f(2) == 1"], QUICK).score == 1.0
    assert grade(f"```python\n{code}\n```", ["assert f(1) == 1\nassert f(2) == 1"], QUICK).score == 0.0
