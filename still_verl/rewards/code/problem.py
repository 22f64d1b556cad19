"""What a row of data asks of a program, in one form for all data sets."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from still_verl.interpreter.sandbox.inside import values

MAX_TESTS = 2000
MAX_BYTES = 48 * 2**20  # of all inputs and outputs of a problem
MAX_OUTPUT = 6 * 2**20  # bytes of one right output: a program that writes 8 MiB is ended


class UnreadableTests(ValueError):
    """Tests that cannot be used; the message says why."""


@dataclass(frozen=True)
class Case:
    """One test.

    Attributes:
        given: what the program gets: its standard input, or the arguments as `inside.values` writes them.
        expected: what is right: text that it prints, or the value that its function returns. For a test that is Python
            both are in `given`.
    """

    given: str
    expected: Any = None

    @cached_property
    def expected_text(self) -> str:
        """What is right as text: itself, or JSON of the value."""
        return self.expected if isinstance(self.expected, str) else values.dumps(self.expected)


@dataclass(frozen=True)
class Problem:
    """What is asked, and how it is judged.

    Attributes:
        tests: at least one.
        kind: "program" (reads and prints), "function" (is called), "assertions" (tests that are Python).
        function: the name of the function; with "assertions" the one that `before` may show without a body.
        before: Python that comes before the program, such as the imports that the task begins with.
        comparison: a name of `registries.COMPARISONS`, or a dotted one; empty for the setting's.
        tolerance: of numbers with decimal places, relative and absolute; None for the setting's.
        checker: Python with a function `check(given, expected, found)` for problems with several right answers.
        names: with "assertions", what of the tests is the program's.
        wrapped: whether each value may stand in a list of its own, as in APPS.
    """

    tests: tuple[Case, ...]
    kind: str
    function: str = ""
    before: str = ""
    comparison: str = ""
    tolerance: float | None = None
    checker: str = ""
    names: tuple[str, ...] = ()
    wrapped: bool = False

    def __post_init__(self) -> None:
        if not self.tests:
            raise UnreadableTests("there is no test; give at least one")
        if len(self.tests) > MAX_TESTS:
            raise UnreadableTests(f"there are {len(self.tests)} tests; keep {MAX_TESTS} of them at most")
        size = 0
        for number, test in enumerate(self.tests):
            size += len(test.given) + len(test.expected_text)
            if len(test.expected_text) > MAX_OUTPUT:
                raise UnreadableTests(f"the output of test {number} has more than {MAX_OUTPUT >> 20} MiB")
        if size > MAX_BYTES:
            raise UnreadableTests(f"the tests have {size >> 20} MiB; keep {MAX_BYTES >> 20} of them at most")

    @cached_property
    def digest(self) -> bytes:
        """What tells this problem from every other one."""
        beside = replace(self, tests=_NO_TESTS)
        found = hashlib.sha256(repr(beside).encode("utf-8", "surrogatepass"))
        for test in self.tests:
            kind = type(test.expected).__name__
            for part in (test.given, kind, test.expected_text):
                data = part.encode("utf-8", "surrogatepass")
                found.update(b"%d " % len(data) + data)
        return found.digest()


_NO_TESTS = (Case("", ""),)
