"""Any server that speaks OpenAI's HTTP interface, asked for many samples at once."""

import asyncio
import json
import random
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.evaluation.engines.base import Deliver, EngineError, EngineOptions, Reply, Request
from still_verl.evaluation.engines.completions import AskAgain, completion, one_line, read_reply
from still_verl.evaluation.engines.server_checks import check_server
from still_verl.evaluation.engines.server_key import server_key, without_key
from still_verl.registry import in_one_line

CONNECT_S = 10.0
MODELS_S = 30.0  # until the list of models is given up
FIRST_WAIT_S = 0.5  # before the second try; twice as long before each further one
LONGEST_WAIT_S = 30.0
SPREAD_S = 0.25  # over which samples come back that a server told to wait as long
PAUSE_S = 0.02  # until it is asked again whether there is something to send
# So many samples in a row without an answer, at least, and the server is taken to be gone.
GONE = 16


class OpenAIServer:
    """A server that speaks OpenAI's interface: each sample is one request, with its own seed.

    Never more than `options.concurrency` requests are open. One that fails in a way that may pass is sent again. The
    key, if the server wants one, is in an environment variable; a server that repeats it is not quoted.
    """

    takes_parts = True

    def __init__(self, options: EngineOptions) -> None:
        """Describe a server; nothing is sent before `identity`.

        Raises:
            ConfigError: there is no address, or it is none.
        """
        if not options.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"--url {options.url!r}: the engine openai needs the address of a server, http://HOST:PORT/v1"
            )
        _check_port(options.url)
        self.model = options.model
        self._key = server_key(options.key_variable)
        self._options = options
        address = options.url.rstrip("/")
        self._url = address if address.endswith("/v1") else f"{address}/v1"
        self._notes: list[str] = []
        self._probed = False
        self._lost = 0
        self._first_fault = ""

    def identity(self) -> Mapping[str, Any]:
        """Ask which models there are; return the one that is used.

        Raises:
            ConfigError: the server cannot be reached, or has no such model.
        """
        served = self._served()
        if not self.model and len(served) == 1:
            self.model = served[0]
        if not self.model:
            raise ConfigError(f"--model: name one of those that {self._url} serves: {', '.join(served) or 'none'}")
        if served and self.model not in served:
            raise ConfigError(
                f"--model {self.model}: {self._url} serves {', '.join(served)}{did_you_mean(self.model, served)}"
            )
        extra = {"body": dict(self._options.extra)} if self._options.extra else {}
        return {"name": self.model} | extra

    def _served(self) -> list[str]:
        try:
            reply = asyncio.run(self._models())
        except (httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError) as error:
            raise ConfigError(
                f"--url {self._options.url}: the server cannot be reached ({in_one_line(error)})"
            ) from error
        try:
            listed = json.loads(without_key(reply.content, self._key))
            return [one_line(str(model["id"])) for model in listed["data"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            return []  # not every server lists its models

    async def _models(self) -> httpx.Response:
        async with httpx.AsyncClient(headers=self._headers(), timeout=CONNECT_S) as client:
            # As a whole, see `_try`.
            return await asyncio.wait_for(client.get(f"{self._url}/models"), MODELS_S)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def notes(self) -> list[str]:
        """Return what the server does with our settings."""
        return self._notes

    def close(self) -> None:
        """Nothing is held between two calls."""

    def generate(self, requests: Iterable[Request | None], deliver: Deliver) -> None:
        """Answer all requests, see `base.PartsEngine`.

        Raises:
            EngineError: the server refuses every request, is gone, or gives no tokens of a part.
        """
        asyncio.run(self._generate(iter(requests), deliver))

    async def _generate(self, requests: Iterator[Request | None], deliver: Deliver) -> None:
        limits = httpx.Limits(max_connections=self._options.concurrency)
        timeout = httpx.Timeout(self._options.timeout_s, connect=CONNECT_S, pool=None)
        async with httpx.AsyncClient(headers=self._headers(), limits=limits, timeout=timeout) as client:
            first = await _first(requests)
            if first is None:
                return
            if self._options.probe and not self._probed:
                self._probed = True  # a run may ask in several rounds
                self._notes = await check_server(client, self._url, self.model, first)
            waiting = _chained(first, requests)
            await _all([self._work(client, waiting, deliver) for _ in range(self._options.concurrency)])

    async def _work(self, client: httpx.AsyncClient, waiting: Iterator[Request | None], deliver: Deliver) -> None:
        """Answer one request after the other until none is left."""
        for request in waiting:
            if request is None:
                await asyncio.sleep(PAUSE_S)
                continue
            started = time.perf_counter()
            reply = await self._reply(client, request)
            deliver(request, _with_seconds(reply, time.perf_counter() - started))

    async def _reply(self, client: httpx.AsyncClient, request: Request) -> Reply:
        fault, lost = "", (0, 0)
        throttle = self._options.throttle
        for attempt in range(self._options.attempts):
            if throttle is not None:
                await throttle.wait()
            try:
                reply = await self._try(client, request)
                self._lost = 0
                return replace(reply, lost=lost)
            except AskAgain as error:
                fault, lost = f"{error} ({attempt + 1} tries)", _added(lost, error.paid)
                if throttle is not None and not throttle.may_repeat(lost):
                    return Reply(fault=fault, lost=lost)
                if attempt + 1 < self._options.attempts:
                    await asyncio.sleep(_wait_s(attempt, error.after_s))
        self._count_lost(fault)
        return Reply(fault=fault, lost=lost)

    async def _try(self, client: httpx.AsyncClient, request: Request) -> Reply:
        url, body = completion(self._url, self.model, request)
        try:
            # As a whole: httpx waits so long for each piece, and a server may send one now and then.
            posting = client.post(url, json=body | dict(self._options.extra))
            answer = await asyncio.wait_for(posting, self._options.timeout_s)
        except (httpx.TimeoutException, asyncio.TimeoutError) as error:
            raise AskAgain(f"no answer in {self._options.timeout_s:g} s ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise AskAgain(f"the connection broke: {in_one_line(error)}") from error
        return read_reply(answer.status_code, without_key(answer.content, self._key), answer.headers, request)

    def _count_lost(self, fault: str) -> None:
        self._first_fault = self._first_fault or fault
        self._lost += 1
        if self._lost >= max(GONE, self._options.concurrency):
            raise EngineError(f"{self._lost} samples in a row had no answer; the first cause: {self._first_fault}")


def _check_port(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise ConfigError(f"--url {url}: it is no address ({error}); use http://HOST:PORT/v1") from None


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; when one fails the others end, and its error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _added(lost: tuple[int, int], paid: Reply | None) -> tuple[int, int]:
    if paid is None:
        return lost
    return lost[0] + (paid.prompt_tokens or 0), lost[1] + (paid.tokens or 0)


def _wait_s(attempt: int, asked_s: float | None) -> float:
    # At random, so that samples that failed together do not come back together.
    if asked_s is not None:
        return min(asked_s, LONGEST_WAIT_S) + random.uniform(0.0, SPREAD_S)
    # Beyond 2**64 the wait is the longest anyway, and a float would end at 2**1024.
    return min(FIRST_WAIT_S * 2 ** min(attempt, 64), LONGEST_WAIT_S) * random.uniform(0.5, 1.0)


async def _first(requests: Iterator[Request | None]) -> Request | None:
    """The first request that there is something to send for; None when there is none at all."""
    for request in requests:
        if request is not None:
            return request
        await asyncio.sleep(PAUSE_S)
    return None


def _chained(first: Request, rest: Iterator[Request | None]) -> Iterator[Request | None]:
    yield first
    yield from rest


def _with_seconds(reply: Reply, seconds: float) -> Reply:
    return replace(reply, seconds=seconds)
