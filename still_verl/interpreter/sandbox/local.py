"""The sandbox of this machine: a warm fork server (`nursery.py`) and, for each program, one closed child of it."""

import json
import math
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Protocol

from still_verl.interpreter.sandbox.base import Limits, Result, SandboxUnavailable, Tier, as_text, clip
from still_verl.interpreter.sandbox.notebook import ERROR_CHARS, PACKET
from still_verl.interpreter.sandbox.policy import Mechanisms, require

CODE_MB = 1
_START_S = 120.0
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])
LOST = "The session was restarted: its variables are lost."


class Child:
    """One process of the sandbox, seen from outside. Not for two threads at a time."""

    def __init__(self, post: socket.socket, line: socket.socket, output: int) -> None:
        self._post = post
        self._line = line
        self._output = output
        line.setblocking(False)

    def run(self, code: str, limits: Limits) -> tuple[bytes, str, str | None]:
        """Output, kind and error of a block. For every kind but "ok" and "error" the child is of no more use.

        "lost" says that nothing is known of the child, because the server is gone or could not fork.
        """
        deadline = time.monotonic() + limits.seconds
        output = bytearray()
        data = code.encode("utf-8", "surrogatepass")
        if len(data) > CODE_MB * 2**20:
            return b"", "error", f"the program is longer than {CODE_MB} MiB"
        packets = [b"%d" % len(data), *(data[i : i + PACKET] for i in range(0, len(data), PACKET))]
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return bytes(output), "timeout", f"stopped after {limits.seconds:g} seconds"
            ready = self._wait(left, bool(packets))
            self._read_output(output)
            if len(output) > limits.flood_mb * 2**20:
                return bytes(output), "flood", f"stopped after writing {limits.flood_mb} MiB"
            if packets and self._line.fileno() in ready:
                self._send(packets)
            if self._line.fileno() in ready and (report := self._report()) is not None:
                self._read_output(output)
                return bytes(output), *report
            if self._post.fileno() in ready:
                return self._ended(output)

    def _wait(self, seconds: float, sending: bool) -> set[int]:
        poll = select.poll()
        poll.register(self._line, select.POLLIN | (select.POLLOUT if sending else 0))
        poll.register(self._post, select.POLLIN)
        poll.register(self._output, select.POLLIN)
        return {fd for fd, _ in poll.poll(seconds * 1000)}

    def _send(self, packets: list[bytes]) -> None:
        try:
            while packets:
                self._line.send(packets[0])
                del packets[0]
        except OSError:  # full for now, or its end is reported on the post
            pass

    def _read_output(self, output: bytearray) -> None:
        """What is in the pipe, a megabyte at most: a program that writes without end must not hold us here."""
        for _ in range(16):
            try:
                part = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not part:
                return
            output += part

    def _report(self) -> tuple[str, str | None] | None:
        """What the child says of its block. Its words are a program's, so that anything may be in them."""
        try:
            packet = self._line.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            packet = b""
        if not packet:
            return None  # its end is reported on the post
        try:
            error = json.loads(packet)["error"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "crash", "the program damaged its interpreter"
        if error is None:
            return "ok", None
        return ("error", error) if isinstance(error, str) else ("crash", "the program damaged its interpreter")

    def _ended(self, output: bytearray) -> tuple[bytes, str, str | None]:
        status = self.status()
        self._read_output(output)
        if status is None:
            return bytes(output), "lost", "the sandbox's server ended"
        return bytes(output), "crash", _last_words(status)

    def status(self) -> int | None:
        """How the process ended: an exit code, a negative signal, or None when there is nobody left to tell."""
        try:
            word = self._post.recv(16)
        except OSError:
            return None
        return int(word) if word else None

    def freeze(self) -> None:
        """Stop it between two blocks, with every thread that it may have left running."""
        self._tell(b"stop")

    def thaw(self) -> None:
        """Let it run again. Reports that nobody asked for are thrown away."""
        try:
            while self._line.recv(65536):
                pass
        except OSError:
            pass
        self._tell(b"go")

    def _tell(self, word: bytes) -> None:
        try:
            self._post.send(word)
        except OSError:  # it has ended; the next block will show
            pass

    def kill(self) -> None:
        """End it, whatever it does. A word, because a process forked meanwhile may hold our end open."""
        self._tell(b"kill")
        self._post.close()
        self._line.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1


def result(started: float, told: tuple[bytes, str, str | None], limits: Limits, tier: Tier) -> Result:
    """What `Child.run` told, shortened as the limits say. `started` is a time of the monotonic clock."""
    output, kind, error = told
    shown = clip(as_text(output), limits.output_chars)
    return Result(shown, None if error is None else clip(error, ERROR_CHARS), kind, time.monotonic() - started, tier)


def _last_words(code: int) -> str:
    if code >= 0:
        return f"the program ended its process with exit code {code}"
    names = {-9: "killed (too much processor time or memory)", -11: "segmentation fault", -6: "aborted"}
    return f"the process ended: {names.get(code, f'signal {-code}')}"


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
            f"import sys; sys.path.insert(0, {_PACKAGE_ROOT!r}); from still_verl.interpreter.sandbox import nursery; "
            f"nursery.main({theirs.fileno()}, {list(self._absent)!r}, {_PACKAGE_ROOT!r})"
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
    """Nothing of the parent's: keys and tokens are in environments. One thread for numpy, so that forking is safe."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", **threads}


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
