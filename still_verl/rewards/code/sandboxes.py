"""The sandboxes of this process in which answers and their tests run, made when the first is needed."""

import atexit
import threading
from functools import lru_cache

from still_verl.config_errors import ConfigError
from still_verl.interpreter.build import build_sandbox
from still_verl.interpreter.sandbox.base import RunsScripts, Sandbox, SandboxUnavailable
from still_verl.interpreter.sandbox.local.client import Local
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.rewards.code.settings import TestsConfig

_lock = threading.Lock()


def answers(settings: TestsConfig) -> RunsScripts:
    """Return the sandbox in which answers run.

    Raises:
        ConfigError: a sandbox that cannot run programs as files.
    """
    with _lock:
        found = _built(_interpreter(settings), "answers")
    if not isinstance(found, RunsScripts):
        raise ConfigError(f"still.reward.tests.sandbox={settings.sandbox!r}: it has no method run_script; use local")
    return found


def pair(settings: TestsConfig) -> tuple[Local, Local]:
    """Return the sandboxes of answers and of tests that are Python; apart, so that neither waits for the other's room.

    Raises:
        SandboxUnavailable: the two cannot be connected there.
    """
    found = answers(settings)
    if not isinstance(found, Local):
        raise SandboxUnavailable(
            f"still.reward.tests.sandbox={settings.sandbox}: tests that are Python need sandbox=local, which can "
            "connect two programs"
        )
    with _lock:
        tests = _built(_interpreter(settings), "tests")
    assert isinstance(tests, Local)
    return found, tests


def _interpreter(settings: TestsConfig) -> tuple[tuple[str, object], ...]:
    """The settings of an interpreter, as a key."""
    return (
        ("sandbox", settings.sandbox),
        ("url", settings.url),
        ("stateful", False),
        ("seconds_per_call", settings.seconds),
        ("memory_mb", settings.memory_mb),
        ("minimum_tier", settings.minimum_tier),
        ("allow_unsandboxed", settings.allow_unsandboxed),
    )


@lru_cache(maxsize=8)
def _built(settings: tuple[tuple[str, object], ...], role: str) -> Sandbox:
    """The sandbox of a role; `role` only tells two of the same settings apart."""
    sandbox = build_sandbox(InterpreterConfig(**dict(settings)))  # type: ignore[arg-type]
    atexit.register(sandbox.close)
    return sandbox
