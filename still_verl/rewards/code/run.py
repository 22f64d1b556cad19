"""Runs a program against the tests of a problem: in which order, together or alone, and for how long.

The first test is run in a process of its own. Once it has passed, the others are run in one process, as many as fit
into the time of one, unless they are Python themselves. What comes out there counts if it is right. A test that fails
there may have failed by what another left behind: it is run alone, too, and more than once, so that a program that
guesses does not profit from a second try.
"""

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from still_verl.rewards.code import sandboxes
from still_verl.rewards.code.execute import fault_alone, run_together
from still_verl.rewards.code.problem import Case, Problem
from still_verl.rewards.code.settings import CodeConfig

_SHORTEST = 1e-3  # seconds that a process takes at least, as far as it is counted with
_ALONE_AGAIN = 3  # times that a test must pass alone once it failed together with others


@dataclass(frozen=True)
class Ran:
    """How a program did.

    Attributes:
        passed: tests that it passed.
        run: tests that were run; with a binary reward the first that fails is the last.
        total: tests that it had to pass.
        reason: "passed", or what became of the first test that failed.
    """

    passed: int
    run: int
    total: int
    reason: str


def run_tests(program: str, problem: Problem, settings: CodeConfig) -> Ran:
    """Run a program against tests in random order.

    Raises:
        SandboxUnavailable: no program can run here, which says nothing about this one.
        ConfigError: a comparison or a sandbox that is not there.
    """
    chosen = _chosen(program, problem, settings)
    clock = _Clock(settings)
    passed, reason = 0, ""
    shares = False  # whether tests share a process
    together: dict[int, bool] = {}  # whether a test passed in one process with others, by its number
    for number, test in enumerate(chosen):
        if shares and number not in together:
            some = chosen[number : number + clock.fitting()]
            with clock.running() as left:
                found = run_together(program, some, problem, settings, left)
            together |= dict(enumerate(found, start=number))
            shares = bool(found)
        if together.get(number):
            passed += 1
            continue
        fault = ""
        for _ in range(_ALONE_AGAIN if number in together else 1):
            if clock.left() <= 0:
                return Ran(passed, number, len(chosen), reason or "out of time for the answer")
            with clock.running() as left:
                fault = fault or fault_alone(program, test, problem, settings, left)
        passed += not fault
        reason = reason or fault
        if fault and not settings.fraction:
            return Ran(passed, number + 1, len(chosen), reason)
        if number == 0:
            shares = problem.kind != "assertions" and not fault
    return Ran(passed, len(chosen), len(chosen), reason or "passed")


class _Clock:
    """The time that an answer may still take."""

    def __init__(self, settings: CodeConfig) -> None:
        self._settings = settings
        self._used = 0.0
        self._first = 0.0  # seconds that the first process took

    def left(self) -> float:
        """Return the seconds that one process may take."""
        return min(self._settings.seconds, self._settings.seconds_per_answer - self._used)

    def fitting(self) -> int:
        """Return how many tests as long as the first fit into the time of one, by a wide margin; at least 1."""
        return max(1, int(self.left() / (2 * max(self._first, _SHORTEST))))

    @contextmanager
    def running(self) -> Iterator[float]:
        """Wait for a processor, which counts against no limit, and count the time from there on."""
        with sandboxes.place(self._settings):
            started = time.monotonic()
            try:
                yield self.left()
            finally:
                took = time.monotonic() - started
                self._first = self._first or took
                self._used += took


def _chosen(program: str, problem: Problem, settings: CodeConfig) -> list[Case]:
    """The tests of this program in their order: the same whenever it comes, and others for another program."""
    digest = hashlib.sha256(program.encode("utf-8", "surrogatepass")).hexdigest()
    order = random.Random(f"{settings.seed} {digest}")
    most = min(settings.most or len(problem.tests), len(problem.tests))
    return order.sample(problem.tests, most)
