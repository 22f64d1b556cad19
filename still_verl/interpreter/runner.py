"""Between agent loops, which wait on an event loop, and a sandbox, which blocks: a few places to run code in."""

import asyncio
import atexit
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from still_verl.config import InterpreterConfig
from still_verl.interpreter.sandbox.base import Limits, Result, Sandbox, Session
from still_verl.interpreter.sandbox.local import Local

# Runs a block; the result, and the seconds that it waited for a free place.
RunCode = Callable[[str], Awaitable[tuple[Result, float]]]


def build_sandbox(settings: InterpreterConfig) -> Sandbox:
    """The sandbox of a job. Nothing is started before its first program."""
    limits = Limits(seconds=settings.seconds_per_call, memory_mb=settings.memory_mb, output_chars=settings.output_chars)
    return Local(limits, minimum_tier=settings.minimum_tier, allow_unsandboxed=settings.allow_unsandboxed)


class CodeRunner:
    """Runs the code of all responses of one process: as many programs at once as it has processors, twice.

    A program that waits leaves its processor to another; more places would make each one slower.
    """

    def __init__(self, settings: InterpreterConfig) -> None:
        self._sandbox = build_sandbox(settings)
        self._places = ThreadPoolExecutor(2 * len(os.sched_getaffinity(0)), thread_name_prefix="still-code")

    @contextmanager
    def code(self, stateful: bool) -> Iterator[RunCode]:
        """A function that runs the blocks of one response; `stateful` keeps their variables."""
        session: Session | None = self._sandbox.session() if stateful else None

        async def run(code: str) -> tuple[Result, float]:
            asked = time.monotonic()

            def job() -> tuple[Result, float]:
                waited = time.monotonic() - asked
                return (session or self._sandbox).run(code), waited

            return await asyncio.get_running_loop().run_in_executor(self._places, job)

        try:
            yield run
        finally:
            if session is not None:
                self._places.submit(session.close)

    def close(self) -> None:
        """End every process; called when this process ends."""
        self._places.shutdown(wait=False, cancel_futures=True)
        self._sandbox.close()


_shared: CodeRunner | None = None


def shared_runner(settings: InterpreterConfig) -> CodeRunner:
    """The runner of this process, made by the first response; a job has one setting."""
    global _shared
    if _shared is None:
        _shared = CodeRunner(settings)
        atexit.register(_shared.close)
    return _shared
