"""Runs a sandbox from coroutines: as many programs at once as there are processors; the others wait in order."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from still_verl.interpreter.sandbox.base import Result, Sandbox, Session, SubmitsPrograms


class AsyncSandbox:
    """One for each worker process, for as many coroutines and event loops as it has. The loop is never blocked.

    A call returns its result and the seconds that it waited for a free place. Waiting counts against no deadline.
    """

    def __init__(self, sandbox: Sandbox, places: int | None = None) -> None:
        """Wrap a sandbox.

        Args:
            sandbox: runs the programs.
            places: programs that run at once; by default one for each processor of this process.
        """
        self.sandbox = sandbox
        self._threads = ThreadPoolExecutor(places or len(os.sched_getaffinity(0)), thread_name_prefix="sandbox")

    async def run(self, code: str) -> tuple[Result, float]:
        """Run a program. A sandbox that can wait by itself takes no thread, and hangs up when this is cancelled."""
        if isinstance(self.sandbox, SubmitsPrograms):
            return await asyncio.wrap_future(self.sandbox.submit(code))
        return await self._in_thread(self.sandbox.run, code)

    async def run_in(self, session: Session, code: str) -> tuple[Result, float]:
        """Run the next block of a session; await one before the next."""
        return await self._in_thread(session.run, code)

    async def _in_thread(self, call: Callable[[str], Result], code: str) -> tuple[Result, float]:
        asked = time.monotonic()

        def timed() -> tuple[Result, float]:
            waited = time.monotonic() - asked
            return call(code), waited

        return await asyncio.get_running_loop().run_in_executor(self._threads, timed)

    def close(self) -> None:
        """Wait for the programs that run, drop those that wait, and end the sandbox."""
        self._threads.shutdown(cancel_futures=True)
        self.sandbox.close()
