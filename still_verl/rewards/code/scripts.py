"""The Python that goes to a sandbox: it calls a function of a program, or tests it from another process."""

from still_verl.rewards.code.problem import Problem
from still_verl.rewards.code.program import goes_on

_CALL = "from still_verl.interpreter.sandbox.inside import calls\ncalls.call({!a}, {!a}, {!a})"
_CALL_EACH = "from still_verl.interpreter.sandbox.inside import calls\ncalls.call_each({!a}, {!a}, {!a})"
_RUN_EACH = "from still_verl.interpreter.sandbox.inside import calls\ncalls.run_each({!a})"
_SERVE = "from still_verl.interpreter.sandbox.inside import remote\nremote.serve({!a}, {!a}, {!a})"
_CHECK = "from still_verl.interpreter.sandbox.inside import remote\nremote.check({!a}, {!a}, {!a}, {!a})"


def whole(program: str, problem: Problem) -> str:
    """Return a program with the beginning that the task gives, where the response only goes on with that."""
    if goes_on(program, problem):
        return f"{problem.before.rstrip()}\n{program}"
    return program


def call(program: str, problem: Problem) -> str:
    """Return a script that reads arguments, calls the program's function and writes its value."""
    return _CALL.format(whole(program, problem), problem.before, problem.function)


def call_each(program: str, problem: Problem) -> str:
    """Return a script that does so for several lines of arguments."""
    return _CALL_EACH.format(whole(program, problem), problem.before, problem.function)


def run_each(program: str) -> str:
    """Return a script that runs a program for several inputs."""
    return _RUN_EACH.format(program)


def serve(program: str, problem: Problem) -> str:
    """Return a script that answers calls of the program's functions."""
    return _SERVE.format(whole(program, problem), problem.before, problem.function)


def check(test: str, problem: Problem) -> str:
    """Return a script that runs a test against a program in another process."""
    return _CHECK.format(test, problem.before, problem.function, list(problem.names))


def judge(checker: str) -> str:
    """Return a script that reads what was given, expected and found, and writes what a checker program says."""
    return _CALL.format(checker, "", "check")
