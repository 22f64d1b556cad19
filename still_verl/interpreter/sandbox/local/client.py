"""The sandbox of this machine: a warm fork server (`nursery.py`) and, for each program, one closed child of it."""

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from still_verl.interpreter.sandbox.base import Limits, Result, SandboxUnavailable, Tier
from still_verl.interpreter.sandbox.local.child import Child, result
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, require

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

_START_S = 120.0
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[4])
LOST = "The session was restarted: its variables are lost."


class Local:
    """Programs in closed children of a warm fork server on this machine.

    The server starts with the first call, and again if it was killed. It is a plain subprocess: it forks nothing of the
    caller, so it works under Ray, beside torch and in threads. It ends with its parent, and its children with it.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        minimum_tier: Tier = "reduced",
        allow_unsandboxed: bool = False,
        absent: tuple[str, ...] = (),
    ) -> None:
        """`absent`: mechanisms of `policy.Mechanisms` that are not used even where they are there."""
        self.limits = limits or Limits()
        self._minimum: Tier = minimum_tier
        self._allow_unsandboxed = allow_unsandboxed
        self._absent = absent
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._mechanisms: Mechanisms | None = None
        _alive.add(self)

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Local":
        """Make the sandbox of a job."""
        minimum = cast(Tier, settings.minimum_tier)
        return cls(Limits.from_settings(settings), minimum, settings.allow_unsandboxed)

    @property
    def mechanisms(self) -> Mechanisms:
        """What the server found when it started."""
        with self._lock:
            self._start()
            assert self._mechanisms is not None
            return self._mechanisms

    @property
    def tier(self) -> Tier:
        return self.mechanisms.tier

    def run(self, code: str) -> Result:
        for _ in range(2):  # a lost server is no fault of the program, so that it is run once more
            started = time.monotonic()
            child = self.fork(cpu_seconds=math.ceil(self.limits.seconds) + 1)
            try:
                told = child.run(code, self.limits)
            finally:
                child.kill()
            if told[1] != "lost":
                return result(started, told, self.limits, self.tier)
        raise SandboxUnavailable("the sandbox's server cannot start a process; is the machine out of memory?")

    def session(self) -> "BlocksSession":
        return BlocksSession(self)

    def fork(self, cpu_seconds: int | None) -> Child:
        """A new child that waits for its first block. `SandboxUnavailable` below the minimum tier."""
        order = json.dumps({"memory_mb": self.limits.memory_mb, "cpu_seconds": cpu_seconds}).encode()
        post, their_post = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line, their_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, their_output = os.pipe()
        os.set_blocking(output, False)
        child = Child(post, line, output)
        try:
            self._hand_over(order, [their_post.fileno(), their_line.fileno(), their_output])
        except BaseException:
            child.kill()
            raise
        finally:
            their_post.close()
            their_line.close()
            os.close(their_output)
        return child

    def _hand_over(self, order: bytes, fds: list[int]) -> None:
        with self._lock:
            for _ in range(2):
                self._start()
                assert self._control is not None and self._mechanisms is not None
                require(self._mechanisms, self._minimum, self._allow_unsandboxed)
                try:
                    socket.send_fds(self._control, [order], fds)
                    return
                except OSError:  # the server is gone
                    self._forget()
        raise SandboxUnavailable("the sandbox's server ends as soon as it starts; its error is on stderr")

    def _start(self) -> None:
        if self._control is not None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        call = (
            f"import sys; sys.path.insert(0, {_PACKAGE_ROOT!r}); "
            f"from still_verl.interpreter.sandbox.local import server; "
            f"server.main({theirs.fileno()}, {list(self._absent)!r}, {_PACKAGE_ROOT!r})"
        )
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", call],
                pass_fds=[theirs.fileno()],
                env=bare_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the parent; its end ends the server too
            )
        self._control = ours
        ours.settimeout(_START_S)
        try:
            self._mechanisms = Mechanisms(**json.loads(ours.recv(4096)))
        except (OSError, ValueError) as error:
            self._forget()
            raise SandboxUnavailable("the sandbox's server did not start; its error is on stderr") from error
        ours.settimeout(None)

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None

    def close(self) -> None:
        """End the server, and with it every program. The next call starts another one."""
        with self._lock:
            self._forget()

    def abandon(self) -> None:
        """In a child of a fork: let go of the parent's server without ending it."""
        if self._control is not None:
            self._control.close()
        self._control = self._process = None
        self._lock = threading.Lock()


def bare_environment() -> dict[str, str]:
    """Nothing of the parent's: keys and tokens are in environments. One thread for numpy, so that forking is safe.

    sympy's caches hold 1,000 results by default and would forget most of what `warm.py` did.
    """
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    python = {"PYTHONDONTWRITEBYTECODE": "1", "SYMPY_CACHE_SIZE": "20000"}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", **python, **threads}


class Forks(Protocol):
    """A sandbox that makes children."""

    limits: Limits

    @property
    def tier(self) -> Tier: ...

    def fork(self, cpu_seconds: int | None) -> Child: ...


class BlocksSession:
    """Blocks that share variables. Between two blocks its process is stopped and uses memory only."""

    def __init__(self, sandbox: Forks) -> None:
        self._sandbox = sandbox
        self._child: Child | None = None

    def run(self, code: str) -> Result:
        started = time.monotonic()
        if self._child is None:
            self._child = self._sandbox.fork(cpu_seconds=None)
        else:
            self._child.thaw()
        output, kind, error = self._child.run(code, self._sandbox.limits)
        if kind in ("ok", "error"):
            self._child.freeze()
        else:
            self.close()
            kind, error = "crash" if kind == "lost" else kind, f"{error}\n{LOST}"
        return result(started, (output, kind, error), self._sandbox.limits, self._sandbox.tier)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


_alive: "weakref.WeakSet[Local]" = weakref.WeakSet()


def _after_fork() -> None:
    """Two processes that share a server would mix up its answers."""
    for sandbox in list(_alive):
        sandbox.abandon()


os.register_at_fork(after_in_child=_after_fork)
