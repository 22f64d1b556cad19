"""The sandbox of a rollout worker: made from the job's settings, shared by all responses that the worker writes."""

import atexit
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

from still_verl.config_errors import ConfigError
from still_verl.interpreter.registries import SANDBOXES
from still_verl.interpreter.sandbox.async_sandbox import AsyncSandbox
from still_verl.interpreter.sandbox.base import Result, Sandbox
from still_verl.interpreter.settings import InterpreterConfig

# Runs a block; the result, and the seconds that it waited for a free place.
RunCode = Callable[[str], Awaitable[tuple[Result, float]]]


def build_sandbox(settings: InterpreterConfig) -> Sandbox:
    """Make the sandbox of a job. Nothing is started before its first program.

    Raises:
        ConfigError: a sandbox of the user's own that is not there, or lacks a method.
    """
    sandbox = SANDBOXES.find(settings.sandbox).from_settings(settings)
    for method in ("run", "session", "close"):
        if not callable(getattr(sandbox, method, None)):
            kind = type(sandbox).__name__
            raise ConfigError(
                f"{SANDBOXES.key}={settings.sandbox!r}: from_settings returned a {kind}, which has no method {method}; "
                "return an object with the methods of still_verl.interpreter.sandbox.base.Sandbox"
            )
    return sandbox


def build_async_sandbox(settings: InterpreterConfig) -> AsyncSandbox:
    """Make the sandbox of a job, for coroutines.

    Raises:
        ConfigError: a sandbox of the user's own that is not there.
    """
    return AsyncSandbox(build_sandbox(settings), settings.max_concurrent)


@contextmanager
def code_of_a_response(sandbox: AsyncSandbox, stateful: bool) -> Iterator[RunCode]:
    """Yield a function that runs the blocks of one response.

    Args:
        sandbox: runs them.
        stateful: keep variables from block to block, in a session that ends with the context.
    """
    if not stateful:
        yield sandbox.run
        return
    session = sandbox.sandbox.session()
    try:
        yield partial(sandbox.run_in, session)
    finally:
        session.close()


_shared: AsyncSandbox | None = None


def shared_sandbox(settings: InterpreterConfig) -> AsyncSandbox:
    """Return the sandbox of this process, which the first response makes; a job has one setting.

    Raises:
        ConfigError: a sandbox of the user's own that is not there.
    """
    global _shared
    if _shared is None:
        _shared = build_async_sandbox(settings)
        atexit.register(_shared.close)
    return _shared
