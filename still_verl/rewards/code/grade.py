"""Grades a response by tests, and remembers what it found."""

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from still_verl.rewards.code.layouts import read_problem
from still_verl.rewards.code.problem import Problem, UnreadableTests
from still_verl.rewards.code.program import find_program
from still_verl.rewards.code.run import Ran, run_tests
from still_verl.rewards.code.settings import CodeConfig

CACHE_SIZE = 16_384  # programs with their tests


@dataclass(frozen=True)
class Grade:
    """What a response is worth.

    Attributes:
        score: 1 or 0; with `fraction` the share of tests that pass.
        passed: whether all tests pass.
        program: that was found in the response.
        reason: why, in a few words.
        tests_fault: why the tests cannot be used; empty when they can.
    """

    score: float
    passed: bool
    program: str
    reason: str
    tests_fault: str = ""


def grade(response: str, ground_truth: Any, settings: CodeConfig | None = None) -> Grade:
    r"""Grade a response by the tests of its row.

    Blocks for as long as the tests take, which `settings.seconds_per_answer` bounds; safe in any number of threads.

    Args:
        response: the model's own text.
        ground_truth: tests in any form that `layouts.read_problem` reads; with others the score is 0, and
            `tests_fault` says why.
        settings: limits and comparison.

    Raises:
        SandboxUnavailable: no program can run here. That is an error of the run and no score.
        ConfigError: a comparison or a sandbox that is not there.

    Example:
        >>> tests = '{"inputs": ["3", "4"], "outputs": ["6", "8"]}'
        >>> settings = CodeConfig(allow_unsandboxed=True)
        >>> grade("```python\nprint(2 * int(input()))\n```", tests, settings).score
        1.0
        >>> grade("```python\nprint(6)\n```", tests, settings).reason
        'wrong output'
    """
    try:
        problem = read_problem(ground_truth)
    except UnreadableTests as error:
        return Grade(0.0, False, "", "unreadable tests", f"tests cannot be used: {error}")
    settings = settings or CodeConfig()
    program = find_program(response, problem)
    if not program.strip():
        return Grade(0.0, False, "", "no program")
    if "\0" in program:
        return Grade(0.0, False, program, "the program has a NUL")
    ran = _run(program, problem, settings)
    all_passed = ran.passed == ran.total
    score = ran.passed / ran.total if settings.fraction else float(all_passed)
    return Grade(score, all_passed, program, ran.reason)


_cache: "OrderedDict[bytes, Ran]" = OrderedDict()
_lock = threading.Lock()


def _run(program: str, problem: Problem, settings: CodeConfig) -> Ran:
    """Run a program against its tests, unless that was done lately."""
    key = hashlib.sha256(repr((program, problem.digest, settings)).encode("utf-8", "surrogatepass")).digest()
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    ran = run_tests(program, problem, settings)
    with _lock:
        _cache[key] = ran
        if len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return ran


def _begin_anew() -> None:
    """Take a new lock in a forked child: another thread may have held the old one."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)
