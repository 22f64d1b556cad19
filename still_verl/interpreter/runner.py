"""The sandbox of a rollout worker: made from the job's settings, shared by all responses that the worker writes."""

import atexit
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

from still_verl.interpreter.sandbox.base import Limits, Result, Sandbox, Tier
from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
from still_verl.interpreter.sandbox.fusion import MAX_CONCURRENT, Fusion, FusionRunner
from still_verl.interpreter.sandbox.local import Local
from still_verl.interpreter.sandbox.runner import Runner
from still_verl.settings import InterpreterConfig

# Runs a block; the result, and the seconds that it waited for a free place.
RunCode = Callable[[str], Awaitable[tuple[Result, float]]]


def build_sandbox(settings: InterpreterConfig) -> Sandbox:
    """The sandbox of a job. Nothing is started before its first program."""
    limits = Limits(seconds=settings.seconds_per_call, memory_mb=settings.memory_mb, output_chars=settings.output_chars)
    minimum = cast(Tier, settings.minimum_tier)
    if settings.sandbox == "fusion":
        return Fusion(str(settings.url), limits, settings.max_concurrent or MAX_CONCURRENT)
    if settings.sandbox == "bubblewrap":
        return Bubblewrap(limits, minimum)
    return Local(limits, minimum, settings.allow_unsandboxed)


def build_runner(settings: InterpreterConfig) -> Runner:
    """The sandbox of a job, for coroutines."""
    sandbox = build_sandbox(settings)
    return FusionRunner(sandbox) if isinstance(sandbox, Fusion) else Runner(sandbox, settings.max_concurrent)


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
