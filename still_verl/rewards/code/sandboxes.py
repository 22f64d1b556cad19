"""The sandboxes of this process in which answers and their tests run, made when the first is needed."""

import atexit
import os
import re
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import astuple
from typing import Any, cast

from still_verl.config_errors import ConfigError
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.sandbox.base import Limits, RunsScripts, Sandbox, SandboxUnavailable, Tier
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.rewards.code.settings import CodeConfig

# Programs that name one of these run where numpy and sympy are loaded ahead; a fork takes twice as long there.
_LIBRARIES = re.compile(r"\b(?:numpy|sympy|mpmath|scipy|pandas)\b")

_REMOTE = ("fusion",)  # other machines, which bound by themselves how much they run at once

_built: dict[tuple[Any, ...], Sandbox] = {}
_lock = threading.Lock()
_places = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))


def place(settings: CodeConfig) -> AbstractContextManager[object]:
    """Return what a test holds while it runs: one for each processor, so that limits of wall time mean something."""
    return nullcontext() if settings.sandbox in _REMOTE else _places


def _begin_anew() -> None:
    """Make locks for a forked child: other threads may have held the old ones."""
    global _lock, _places
    _lock = threading.Lock()
    _places = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))


os.register_at_fork(after_in_child=_begin_anew)


def answers(settings: CodeConfig, program: str) -> RunsScripts:
    """Return the sandbox in which a program runs.

    Raises:
        ConfigError: a sandbox that cannot run programs as files.
    """
    found = _sandbox(settings, "answers", program)
    if not isinstance(found, RunsScripts):
        raise ConfigError(f"still.reward.tests.sandbox={settings.sandbox!r}: it has no method run_script; use local")
    return found


def pair(settings: CodeConfig, program: str, test: str) -> tuple[Local, Local]:
    """Return the sandboxes of a program and of a test that is Python: two, so that neither waits for room of the other.

    Raises:
        SandboxUnavailable: the two cannot be connected there.
    """
    found = _sandbox(settings, "answers", program), _sandbox(settings, "tests", test)
    if not (isinstance(found[0], Local) and isinstance(found[1], Local)):
        raise SandboxUnavailable(
            f"still.reward.tests.sandbox={settings.sandbox}: tests that are Python need sandbox=local, which can "
            "connect two programs"
        )
    return found[0], found[1]


def _sandbox(settings: CodeConfig, role: str, code: str) -> Sandbox:
    """The sandbox of some settings; `role` only tells two with the same ones apart."""
    mathematics = _LIBRARIES.search(code) is not None
    key = (*astuple(settings), role, mathematics)
    with _lock:
        if key not in _built:
            _built[key] = _build(settings, mathematics)
            atexit.register(_built[key].close)
        return _built[key]


def _build(settings: CodeConfig, mathematics: bool) -> Sandbox:
    interpreter = InterpreterConfig(
        sandbox=settings.sandbox,
        url=settings.url,
        stateful=False,
        seconds_per_call=settings.seconds,
        memory_mb=settings.memory_mb,
        minimum_tier=settings.minimum_tier,
        allow_unsandboxed=settings.allow_unsandboxed,
    )
    if settings.sandbox != "local":
        return build_sandbox(interpreter)
    return Local(
        Limits.from_settings(interpreter),
        cast(Tier, settings.minimum_tier),
        settings.allow_unsandboxed,
        mathematics=mathematics,
    )
