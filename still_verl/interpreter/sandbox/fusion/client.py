"""The sandbox of another machine: a service that speaks SandboxFusion's HTTP (github.com/bytedance/SandboxFusion).

Output, errors and shown values are the same as those of the local sandbox. How programs are isolated is up to the
service.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import httpx

from still_verl.interpreter.sandbox.base import (
    TOO_LONG,
    Limits,
    Outcome,
    Result,
    SandboxUnavailable,
    ScriptResult,
    Tier,
    as_bytes,
    exit_error,
    is_too_long,
    readable,
    shortened,
)
from still_verl.interpreter.sandbox.fusion.circuit_breaker import Breaker
from still_verl.interpreter.sandbox.fusion.protocol import Reply, input_text, outcome, request_body

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

    def run(self, code: str, stdin: str | bytes | None = None) -> Result:
        """Run a program, with a standard input in UTF-8 or none, and wait for its result."""
        return self.submit(code, stdin).result()[0]

    def submit(self, code: str, stdin: str | bytes | None = None) -> "Future[tuple[Result, float]]":
        """Run a program; return its result and the seconds that it waited for a free place.

        Cancelling the future hangs up and frees the place.

        Raises:
            ValueError: the input is not UTF-8.
        """
        return asyncio.run_coroutine_threadsafe(self._shown(code, input_text(stdin)), self._start())

    def run_script(self, code: str, stdin: bytes = b"", seconds: float | None = None) -> ScriptResult:
        """Run a program as `python FILE` would; see `base.RunsScripts`.

        Raises:
            SandboxUnavailable: the service gave no answer.
            ValueError: the input is not UTF-8.
        """
        limits = self.limits if seconds is None else replace(self.limits, seconds=seconds)
        call = self._take_a_place(code, input_text(stdin), limits, is_script=True)
        found, started, _ = asyncio.run_coroutine_threadsafe(call, self._start()).result()
        if found.kind == "unavailable":
            raise SandboxUnavailable(f"{self.url}: {found.error} {self.fault}".rstrip())
        kind = "exited" if found.error == exit_error(0) else found.kind
        stdout = found.output.encode("utf-8", "surrogatepass")
        return ScriptResult(stdout, kind, found.error, time.monotonic() - started)

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

    async def _shown(self, code: str, stdin: str | None) -> tuple[Result, float]:
        found, started, waited = await self._take_a_place(code, stdin, self.limits)
        found = found._replace(output=readable(found.output))
        return shortened(found, started, self.limits, self.tier), waited

    async def _take_a_place(
        self, code: str, stdin: str | None, limits: Limits, is_script: bool = False
    ) -> tuple[Outcome, float, float]:
        """Return what became of a program, when it was sent, and the seconds that it waited for a place."""
        asked = time.monotonic()
        async with self._places:
            started = time.monotonic()
            return await self._ask(code, stdin, limits, is_script), started, started - asked

    async def _ask(self, code: str, stdin: str | None, limits: Limits, is_script: bool) -> Outcome:
        """Return what became of a program; never raises for what a service does."""
        if is_too_long(as_bytes(code)):
            return TOO_LONG
        if not self._breaker.admits():
            return Outcome("", "unavailable", _PAUSED)
        try:
            content = request_body(code, limits, stdin, is_script)
            body = await asyncio.wait_for(self._send(content), limits.seconds + self._grace)
            found = outcome(Reply.model_validate_json(body), limits)
        except TooLong:
            found = Outcome("", "flood", limits.flood_error)
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
