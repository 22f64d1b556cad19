"""Tests share a process once the first has passed: no right program loses, no wrong one gains."""

import json
from typing import Any

import pytest

from still_verl.rewards.code.layouts import read_problem
from still_verl.rewards.code.run import Ran, run_tests
from still_verl.rewards.code.settings import CodeConfig

NUMBERS = range(8)
DOUBLES = {"fn_name": "double", "inputs": [[n] for n in NUMBERS], "outputs": [2 * n for n in NUMBERS]}

# Right in a process of its own, and wrong or dead after other tests.
RIGHT_ALONE = {
    "remembers": "seen = []\ndef double(n):\n    seen.append(n)\n    return 2 * n if len(seen) < 3 else None",
    "ends": "import sys\ncount = 0\ndef double(n):\n    global count\n    count += 1\n"
    "    return sys.exit(1) if count > 2 else 2 * n",
    "leaves a file": "import os\ndef double(n):\n    if os.path.exists('/tmp/mark'):\n        raise ValueError\n"
    "    open('/tmp/mark', 'w').close()\n    return 2 * n",
    "grows": "kept = []\ndef double(n):\n    kept.append(bytearray(300_000_000))\n    return 2 * n",
}
# Writes what would be right for one test to every descriptor, as if a process had returned it for all.
WRITES = """
import os
def double(n):
    if n > 3:
        for fd in range(3, 30):
            try:
                os.write(fd, b"12\\n" * 8)
            except OSError:
                pass
"""
# Right for the first tests, and then up to something.
WRONG = {
    "later": "def double(n):\n    return 2 * n if n < 6 else 0",
    "late error": "def double(n):\n    return [0, 2, 4, 6, 8][n]",
    "no end": "def double(n):\n    while n == 6:\n        pass\n    return 2 * n",
    "writes lines": WRITES + "    return 2 * n + (n > 3)",
    "writes and ends": WRITES + "        os._exit(0)\n    return 2 * n",
    "equal to all": "class Any(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\n"
    "def double(n):\n    return Any(2 * n if n < 4 else 1)",
}


@pytest.fixture(autouse=True)
def started(processes: list[bytes]) -> None:
    """Start the sandbox, which takes longer than a test: how long the first takes decides how many share a process."""
    run("def double(n):\n    return 0")
    processes.clear()


def run(program: str, **settings: Any) -> Ran:
    return run_tests(program, read_problem(json.dumps(DOUBLES)), CodeConfig(seconds=2.0, memory_mb=512, **settings))


def test_a_right_function_takes_two_processes(processes: list[bytes]) -> None:
    assert run("def double(n):\n    return 2 * n") == Ran(8, 8, 8, "passed")
    assert len(processes) == 2 and processes[1].count(b"\n") == 6


def test_one_that_is_wrong_at_the_first_takes_one(processes: list[bytes]) -> None:
    assert run("def double(n):\n    return 1 + 2 * n") == Ran(0, 1, 8, "wrong output")
    assert len(processes) == 1


@pytest.mark.parametrize("name", RIGHT_ALONE)
def test_what_is_right_alone_is_right(name: str) -> None:
    assert run(RIGHT_ALONE[name]) == Ran(8, 8, 8, "passed")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_for_one_test_is_wrong(name: str) -> None:
    ran = run(WRONG[name])
    assert ran.passed < 8 and ran.reason != "passed", ran


def test_a_second_try_must_succeed_three_times(processes: list[bytes]) -> None:
    """Else a program that guesses one of two values would pass each test in three of four runs."""
    assert run(RIGHT_ALONE["remembers"]) == Ran(8, 8, 8, "passed")
    assert len(processes) == 2 + 3 * 5, "the first, all others together, and five that failed there"
    processes.clear()
    assert run(WRONG["later"]).reason == "wrong output"
    assert len(processes) <= 2 + 3


def test_slow_tests_lose_no_time_to_each_other(processes: list[bytes]) -> None:
    """All of them take 4.8 s, of the 6 that the answer has; together they would be stopped after 2 and run again."""
    assert run("import time\ndef double(n):\n    time.sleep(0.6)\n    return 2 * n", seconds_per_answer=6.0).passed == 8
    assert len(processes) == 8


def test_a_share_counts_each_test() -> None:
    assert run(WRONG["later"], fraction=True).passed == 6
    assert run(WRONG["late error"], fraction=True).passed == 5
    assert run(WRONG["no end"], fraction=True, seconds_per_answer=30.0).passed == 7


STREAMS = {"inputs": [f"{n}\n" for n in NUMBERS], "outputs": [f"{2 * n}\n" for n in NUMBERS]}
# Right in a process of its own; each leaves something behind, or ends in a way of its own.
RIGHT_PROGRAMS = {
    "plain": "print(2 * int(input()))",
    "stdin": "import sys\nsys.stdout.write(str(2 * int(sys.stdin.read())))",
    "bytes": "import sys\nsys.stdout.buffer.write(b'%d' % (2 * int(sys.stdin.buffer.readline())))",
    "descriptor": "import os\nos.write(1, b'%d' % (2 * int(os.read(0, 99))))",
    "open": "print(2 * int(open(0).read()))",
    "closes": "import sys\nprint(2 * int(input()))\nsys.stdin.close()\nsys.stdout.close()",
    "thread": "import threading\ndef main():\n    print(2 * int(input()))\nthreading.Thread(target=main).start()",
    "exits": "import sys\nprint(2 * int(input()))\nsys.exit(0)",
    "ends at once": "import os\nprint(2 * int(input()), flush=True)\nos._exit(0)",
    "at exit": "import atexit\nn = int(input())\natexit.register(lambda: print(2 * n))",
    "main": "def main():\n    print(2 * int(input()))\nif __name__ == '__main__':\n    main()",
    "leaves a file": "import os\nn = int(input())\nassert not os.path.exists('/tmp/mark')\n"
    "open('/tmp/mark', 'w').close()\nprint(2 * n)",
    "spoils print": "import builtins\nn = int(input())\nprint(2 * n)\nbuiltins.print = None",
    "spoils int": "import builtins\nprint(2 * int(input()))\nbuiltins.int = str",
}
WRONG_PROGRAMS = {
    "later": "n = int(input())\nprint(2 * n if n < 6 else 0)",
    "fails later": "n = int(input())\nassert n < 6\nprint(2 * n)",
    "exit code": "import sys\nn = int(input())\nprint(2 * n)\nsys.exit(n > 5)",
    "no end": "n = int(input())\nwhile n == 6:\n    pass\nprint(2 * n)",
    "writes lines": "import os\nn = int(input())\nfor fd in range(3, 30):\n    try:\n        os.write(fd, "
    'b\'{"bytes": "MTI="}\\n\' * 8)\n    except OSError:\n        pass\nprint(2 * n if n < 4 else 7)',
}


def run_program(program: str) -> Ran:
    return run_tests(program, read_problem(json.dumps(STREAMS)), CodeConfig(seconds=2.0, memory_mb=512))


@pytest.mark.parametrize("name", RIGHT_PROGRAMS)
def test_a_program_that_is_right_alone_is_right(name: str) -> None:
    assert run_program(RIGHT_PROGRAMS[name]) == Ran(8, 8, 8, "passed")


@pytest.mark.parametrize("name", WRONG_PROGRAMS)
def test_a_program_that_is_wrong_for_one_test_is_wrong(name: str) -> None:
    ran = run_program(WRONG_PROGRAMS[name])
    assert ran.passed < 8 and ran.reason != "passed", ran


@pytest.mark.parametrize(
    "name", ["plain", "stdin", "bytes", "descriptor", "open", "thread", "exits", "at exit", "main"]
)
def test_an_ordinary_program_takes_two_processes(name: str, processes: list[bytes]) -> None:
    assert run_program(f"{RIGHT_PROGRAMS[name]}\n# counted").passed == 8
    assert len(processes) == 2
