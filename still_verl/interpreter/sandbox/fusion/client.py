"""The sandbox of another machine: a service that speaks SandboxFusion's HTTP (github.com/bytedance/SandboxFusion).

Output, errors and shown values are the same as those of the local sandbox. How programs are isolated is up to the
service.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, NoReturn

import httpx

from still_verl.interpreter.sandbox.base import (
    TOO_LONG,
    Limits,
    Outcome,
    Result,
    SandboxUnavailable,
    Tier,
    as_bytes,
    is_too_long,
    shortened,
)
from still_verl.interpreter.sandbox.fusion.circuit_breaker import Breaker
from still_verl.interpreter.sandbox.fusion.protocol import Reply, outcome, request_body

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

MAX_CONCURRENT = 16
# Attempts to connect beyond the first. Nothing was sent then, so no program can have run. After that nothing is tried
# again: the program may have run, and it may be what brought the service down.
CONNECT_RETRIES = 2
CONNECT_S = 3.0
# Beyond the program's own seconds: the service's queue, its start of an interpreter, the way there and back.
GRACE_S = 10.0
# Shorter than servers keep an idle connection (uvicorn: 5 s), so that none is used while they close it.
IDLE_S = 2.0

_PAUSED = "The interpreter is not available at the moment: this code was not run."
_NO_ANSWER = "The interpreter gave no answer to this code."
_log = logging.getLogger(__name__)


class TooLong(ValueError):
    """The service's answer is longer than a program's output may be."""


class Fusion:
    """Programs on a service. All calls share one event loop in a thread, one pool of connections and one bound.

    A service that cannot be reached, or answers nothing usable, is a result of kind "unavailable" and no exception: one
    lost call must not cost the other samples of its prompt. It keeps no variables, so that there are no sessions.

    Attributes:
        fault: why the last of the calls that failed did; empty before.
    """

    def __init__(
        self,
        url: str,
        limits: Limits | None = None,
        max_concurrent: int = MAX_CONCURRENT,
        breaker: Breaker | None = None,
        grace: float = GRACE_S,
    ) -> None:
        """Describe a service; nothing is sent before the first program.

        Args:
            url: its address, with or without `/run_code`.
            limits: what one program may use.
            max_concurrent: programs that are there at once.
            breaker: leaves a service alone that fails again and again.
            grace: seconds beyond those of a program, for the way there and back and the service's queue.
        """
        self.url = url.rstrip("/").removesuffix("/run_code") + "/run_code"
        self.limits = limits or Limits()
        self.fault = ""
        self._bound = max_concurrent
        self._breaker = breaker or Breaker()
        self._grace = grace
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Fusion":
        """Make the sandbox of a job: the service at `still.interpreter.url`."""
        return cls(str(settings.url), Limits.from_settings(settings), settings.max_concurrent or MAX_CONCURRENT)

    @property
    def tier(self) -> Tier:
        """Isolation on the other machine. It cannot be checked here."""
        return "remote"

    def run(self, code: str) -> Result:
        """Run a program and wait for its result."""
        return self.submit(code).result()[0]

    def submit(self, code: str) -> "Future[tuple[Result, float]]":
        """Run a program; return its result and the seconds that it waited for a free place.

        Cancelling the future hangs up and frees the place.
        """
        return asyncio.run_coroutine_threadsafe(self._take_a_place(code), self._start())

    def session(self) -> NoReturn:
        """Refuse: a service keeps no variables.

        Raises:
            SandboxUnavailable: always.
        """
        raise SandboxUnavailable("sandbox=fusion keeps no variables between two calls: set stateful=false")

    def close(self) -> None:
        """Hang up on every call that is under way. The next call starts anew."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                return
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._thread = None

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # not alive: this process was forked
                self._loop = asyncio.new_event_loop()
                self._places = asyncio.Semaphore(self._bound)
                self._client = _client(self._bound)
                self._thread = threading.Thread(target=self._loop.run_forever, name="fusion", daemon=True)
                self._thread.start()
            return self._loop

    async def _take_a_place(self, code: str) -> tuple[Result, float]:
        asked = time.monotonic()
        async with self._places:
            started = time.monotonic()
            found = await self._ask(code)
            return shortened(found, started, self.limits, self.tier), started - asked

    async def _ask(self, code: str) -> Outcome:
        """Return what became of a program; never raises for what a service does."""
        if is_too_long(as_bytes(code)):
            return TOO_LONG
        if not self._breaker.admits():
            return Outcome("", "unavailable", _PAUSED)
        try:
            content = request_body(code, self.limits)
            body = await asyncio.wait_for(self._send(content), self.limits.seconds + self._grace)
            found = outcome(Reply.model_validate_json(body), self.limits)
        except TooLong:
            found = Outcome("", "flood", self.limits.flood_error)
        except (httpx.HTTPError, asyncio.TimeoutError, ValueError) as error:  # pydantic's are ValueErrors
            self._failed(error)
            return Outcome("", "unavailable", _NO_ANSWER)
        self._breaker.succeeded()
        return found

    async def _send(self, content: bytes) -> bytes:
        """Return the body of the service's answer."""
        body = bytearray()
        async with self._client.stream("POST", self.url, content=content) as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > 2 * self.limits.flood_mb * 2**20:  # JSON may double what a program wrote
                    raise TooLong
        return bytes(body)

    def _failed(self, error: Exception) -> None:
        text, _, _ = str(error).partition("\n")
        self.fault = f"{type(error).__name__}: {text}".rstrip(": ")
        if self._breaker.failed():
            # An error: verl's vLLM server lets nothing below that through, in every process that imports it.
            _log.error(
                "%s failed %d times in a row (%s). Until it answers again, it is called once in %g s, and all other "
                "calls return at once without a result: see still/tool/unavailable_ratio",
                *(self.url, self._breaker.failures, self.fault, self._breaker.pause),
            )

    async def _hang_up(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await self._client.aclose()


def _client(connections: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_S)
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(retries=CONNECT_RETRIES, limits=limits),
        timeout=httpx.Timeout(None, connect=CONNECT_S),  # the whole call has a deadline of its own
        headers={"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"},
    )
