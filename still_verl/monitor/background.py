"""Runs slow work in threads, so that a step does not wait for it."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from urllib.request import Request, urlopen

_log = logging.getLogger(__name__)

WEBHOOK_S = 10  # seconds that a webhook may take


class Background:
    """One thread that does one thing after the other. At most one waits, so that nothing piles up in memory.

    What fails is logged and ends nothing: a full disk or a dead webhook must not cost a run.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._pending: Future[None] | None = None

    def do(self, work: Callable[..., Any], *args: Any) -> None:
        """Start some work and return at once, unless the work before has not ended."""
        if self._pending is not None:
            wait([self._pending])
        self._pending = self._thread.submit(_logged, work, *args)

    def close(self) -> None:
        """Wait for what is left."""
        self._thread.shutdown()


def _logged(work: Callable[..., Any], *args: Any) -> None:
    try:
        work(*args)
    except Exception as error:
        name = getattr(work, "__qualname__", str(work))
        # An error: verl's vLLM server lets nothing below that through, in every process that imports it.
        _log.error("the monitor failed in %s, the run goes on: %s: %s", name, type(error).__name__, error)


def post(url: str, message: dict[str, Any]) -> None:
    """Send a message as JSON.

    Raises:
        OSError: the server did not accept it within `WEBHOOK_S` seconds.
    """
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, json.dumps(message).encode(), headers), timeout=WEBHOOK_S):
        pass
