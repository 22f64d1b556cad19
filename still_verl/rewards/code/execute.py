"""Runs tests of a program in the sandbox, one alone or several together, and says which it passes."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from still_verl.interpreter.sandbox.base import ScriptResult
from still_verl.interpreter.sandbox.inside import values
from still_verl.rewards.code import sandboxes, scripts
from still_verl.rewards.code.problem import Case, Problem
from still_verl.rewards.code.settings import CodeConfig
from still_verl.rewards.registries import COMPARISONS

_ENDED_WELL = ("ok", "exited")  # of a program that prints; what a function returns comes after its last line
_PER_VALUE = 64  # bytes of a returned value for each byte of the right one, and for each of the first `_LEAST`
_LEAST = 65_536


def fault_alone(program: str, test: Case, problem: Problem, settings: CodeConfig, seconds: float) -> str:
    """Say what is wrong with a program by one test; nothing if it passes."""
    if problem.kind == "assertions":
        return _asserted(program, test, problem, settings, seconds)
    sandbox = sandboxes.answers(settings, program)
    if problem.kind == "program":
        result = sandbox.run_script(program, test.given.encode("utf-8", "surrogatepass"), seconds)
        if result.kind not in _ENDED_WELL:
            return _in_words(result)
        found: object = result.stdout.decode("utf-8", "surrogateescape")
    else:
        result = sandbox.run_script(scripts.call(program, problem), test.given.encode(), seconds)
        if result.kind != "ok":
            return _in_words(result)
        return _wrong_value(result.stdout, test, problem, settings)
    if _is_right(test, found, problem, settings):
        return ""
    return "wrong output"


def _wrong_value(written: bytes, test: Case, problem: Problem, settings: CodeConfig) -> str:
    """Say what is wrong with the value that a function returned, as it was written; nothing if it is right."""
    if len(written) > _PER_VALUE * (len(test.expected_text) + _LEAST):
        return "wrong: the value is far too large"
    try:
        found = values.loads(written.decode())
    except ValueError:
        return "wrong: the function returned no value"
    if _is_right(test, found, problem, settings):
        return ""
    return "wrong output"


def run_together(
    program: str, tests: Sequence[Case], problem: Problem, settings: CodeConfig, seconds: float
) -> list[bool]:
    """Run tests in one process, and return which of them passed.

    All of them together get the time of one, so that none can take longer than alone. The list is empty where the
    process did not end well: nothing is known then.
    """
    if seconds <= 0:
        return []
    if problem.kind == "program":
        script, given = scripts.run_each(program), [values.dumps(test.given) for test in tests]
    else:
        script, given = scripts.call_each(program, problem), [test.given for test in tests]
    result = sandboxes.answers(settings, program).run_script(script, "\n".join(given).encode(), seconds)
    written = result.stdout.split(b"\n")[:-1]
    if result.kind != "ok" or len(written) != len(tests):
        return []
    pairs = zip(written, tests, strict=True)
    judge = _wrong_text if problem.kind == "program" else _wrong_value
    return [not judge(each, test, problem, settings) for each, test in pairs]


def _wrong_text(written: bytes, test: Case, problem: Problem, settings: CodeConfig) -> str:
    """Say what is wrong with what a program printed, as `inside.calls.run_each` wrote it; nothing if it is right."""
    try:
        printed = values.loads(written.decode())
    except ValueError:
        printed = None
    if not isinstance(printed, bytes):
        return "wrong: no output"
    if _is_right(test, printed.decode("utf-8", "surrogateescape"), problem, settings):
        return ""
    return "wrong output"


def _is_right(test: Case, found: object, problem: Problem, settings: CodeConfig) -> bool:
    if problem.checker:
        return _checked(test, found, problem, settings)
    tolerance = settings.tolerance if problem.tolerance is None else problem.tolerance
    usual = "lines" if problem.kind == "program" else "values"
    compare = COMPARISONS.find(problem.comparison or settings.comparison or usual)
    if compare(test.expected, found, tolerance):
        return True
    return problem.wrapped and bool(compare(test.expected[0], found, tolerance))


def _checked(test: Case, found: object, problem: Problem, settings: CodeConfig) -> bool:
    """Ask the data's checker program, which runs in a sandbox as answers do, but in another process."""
    given: object = test.given
    if problem.kind == "function":
        given = values.loads(test.given)
    said = _ask_checker(problem, settings, [given, test.expected, found])
    if said is None and _ask_checker(problem, settings, [given, test.expected, test.expected]) is None:
        raise ValueError("the checker program of the data fails for the right output, too; correct it")
    return said is True


def _ask_checker(problem: Problem, settings: CodeConfig, question: list[object]) -> object:
    """What a checker program returns; None if it fails, as it may do for an output that it cannot read."""
    script = scripts.judge(problem.checker)
    result = sandboxes.answers(settings, script).run_script(script, values.dumps(question).encode())
    if result.kind != "ok":
        return None
    return values.loads(result.stdout.decode())


def _asserted(program: str, test: Case, problem: Problem, settings: CodeConfig, seconds: float) -> str:
    """Run a test that is Python in one process and the program in another, at the two ends of a pair of sockets."""
    for_answers, for_tests = sandboxes.pair(settings, program + problem.before, test.given + problem.before)
    ours, theirs = socket.socketpair()

    def answer() -> ScriptResult:
        with theirs:  # the tests learn that the program has ended
            return for_answers.run_script_on(theirs.fileno(), scripts.serve(program, problem), seconds)

    with ThreadPoolExecutor(1) as thread:
        with ours:  # and the program that the tests have
            answering = thread.submit(answer)
            result = for_tests.run_script_on(ours.fileno(), scripts.check(test.given, problem), seconds)
        answered = answering.result()
    if result.kind == "ok":
        return ""
    if answered.kind != "ok":
        return _in_words(answered)
    return f"test failed: {_in_words(result)}"


def _in_words(result: ScriptResult) -> str:
    """How a program ended, in one short line."""
    last = (result.error or "").strip().rpartition("\n")[2]
    return f"{result.kind}: {last}"[:200]
