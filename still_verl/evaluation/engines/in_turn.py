"""Responses that an engine and somebody else write in turn: each is drawn in parts, and goes on behind an answer.

What stands between two parts (the output of a program, a hint) is made in a thread of its own, so that the engine works
on other responses meanwhile.
"""

from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from anyio.from_thread import BlockingPortal, start_blocking_portal

from still_verl.evaluation.engines.base import Deliver, EngineError, Key, PartsEngine, Reply, Request
from still_verl.registry import in_one_line


class Writing(Protocol):
    """A response that is being written.

    Attributes:
        request: what it is the response to.
    """

    request: Request

    def part(self) -> Request:
        """Return the request for what comes next."""

    def go_on(self, reply: Reply) -> Coroutine[Any, Any, str]:
        """Take in a part and answer what it asks for; return why the response ends, nothing if it goes on."""

    def reply(self, reason: str) -> Reply:
        """Return the response, which has ended, as the reply to its request."""

    def close(self) -> None:
        """Free what it holds."""


class Writer(Protocol):
    """Begins responses.

    Attributes:
        at_once: responses that are written at the same time.
    """

    at_once: int

    def open(self, request: Request) -> Writing:
        """Begin the response to a request."""


def write_in_turn(engine: PartsEngine, writer: Writer, requests: Iterable[Request], deliver: Deliver) -> None:
    """Write the responses to all requests, and deliver each when it has ended.

    Raises:
        EngineError: the engine cannot go on, or what stands between two parts cannot be made.
    """
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        written = _InTurn(writer, portal, deliver)
        stack.callback(written.close)
        engine.generate(written.parts(iter(requests)), written.take)


class _InTurn:
    """The responses that are being written. All but `go_on` of a response runs in the engine's thread."""

    def __init__(self, writer: Writer, portal: BlockingPortal, deliver: Deliver) -> None:
        self._writer = writer
        self._portal = portal
        self._deliver = deliver
        self._open: dict[Key, Writing] = {}
        self._read: SimpleQueue[tuple[Writing, Future[str]]] = SimpleQueue()

    def parts(self, waiting: Iterator[Request]) -> Iterator[Request | None]:
        """Yield what to ask the engine for: first what goes on; None where all responses wait for something."""
        while True:
            yield from self._continued()
            request = None
            if len(self._open) < self._writer.at_once:
                request = next(waiting, None)
            if request is not None:
                self._open[request.key] = self._writer.open(request)
                yield self._open[request.key].part()
            elif self._open:
                yield None
            else:
                return

    def take(self, asked: Request, reply: Reply) -> None:
        """Let a response take in what the engine wrote, and answer what it asks for."""
        written = self._open[asked.key]
        if reply.fault:
            self._finish(written, reply)
            return
        future = self._portal.start_task_soon(written.go_on, reply)
        future.add_done_callback(lambda done: self._read.put((written, done)))

    def close(self) -> None:
        """End the responses that will not go on."""
        for written in self._open.values():
            written.close()

    def _continued(self) -> Iterator[Request]:
        """Deliver each response that has ended, and yield the next part of each that goes on."""
        while True:
            try:
                written, done = self._read.get_nowait()
            except Empty:
                return
            try:
                reason = done.result()
            except Exception as error:  # of a sandbox or a format; it is the same for every sample
                raise EngineError(f"the code interpreter failed: {in_one_line(error)}") from error
            if reason:
                self._finish(written, written.reply(reason))
            else:
                yield written.part()

    def _finish(self, written: Writing, reply: Reply) -> None:
        written.close()
        del self._open[written.request.key]
        self._deliver(written.request, reply)
