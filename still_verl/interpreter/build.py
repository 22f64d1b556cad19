"""The sandbox of a rollout worker: made from the job's settings, shared by all responses that the worker writes."""

import atexit
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from still_verl.interpreter.registries import SANDBOXES
from still_verl.interpreter.sandbox.async_sandbox import Runner
from still_verl.interpreter.sandbox.base import Result, Sandbox
from still_verl.interpreter.settings import InterpreterConfig

# Runs a block; the result, and the seconds that it waited for a free place.
RunCode = Callable[[str], Awaitable[tuple[Result, float]]]


def build_sandbox(settings: InterpreterConfig) -> Sandbox:
    """Make the sandbox of a job. Nothing is started before its first program.

    Raises:
        ConfigError: a sandbox of the user's own that is not there.
    """
    return SANDBOXES.find(settings.sandbox).from_settings(settings)


def build_runner(settings: InterpreterConfig) -> Runner:
    """Make the sandbox of a job, for coroutines."""
    return Runner(build_sandbox(settings), settings.max_concurrent)


@contextmanager
def code_of_a_response(runner: Runner, stateful: bool) -> Iterator[RunCode]:
    """A function that runs the blocks of one response; `stateful` keeps their variables."""
    if not stateful:
        yield runner.run
        return
    session = runner.sandbox.session()
    try:
        yield lambda code: runner.run_in(session, code)
    finally:
        session.close()


_shared: Runner | None = None


def shared_runner(settings: InterpreterConfig) -> Runner:
    """The runner of this process, made by the first response; a job has one setting."""
    global _shared
    if _shared is None:
        _shared = build_runner(settings)
        atexit.register(_shared.close)
    return _shared
