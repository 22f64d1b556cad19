"""The sandbox of the `bwrap` command: slower, because each program starts an interpreter, but its namespaces are made
by a tool that distributions audit. Our own filter of system calls, Landlock and limits come on top.
"""

import math
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.base import Limits, Result, SandboxUnavailable, Tier
from still_verl.interpreter.sandbox.local import jail, landlock, syscalls, tiers
from still_verl.interpreter.sandbox.local.child import Child, result
from still_verl.interpreter.sandbox.local.client import BlocksSession, bare_environment

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

_HERE = Path(__file__).resolve().parent
_INSIDE = "/still/still_verl/interpreter/sandbox"
_INTERPRETER_MB = 256  # address space that an interpreter takes by itself


class BubblewrapChild(Child):
    """A child that is not our server's: its end, and only that, is seen on the post."""

    def __init__(self, process: subprocess.Popen[bytes], post: socket.socket, line: socket.socket, output: int) -> None:
        super().__init__(post, line, output)
        self._process = process

    def status(self) -> int:
        return self._process.wait()

    def freeze(self) -> None:
        """Nothing: a stopped `bwrap` does not stop what it started."""

    def kill(self) -> None:
        """End `bwrap`; the kernel ends its pid namespace with it."""
        self._process.kill()
        self._process.wait()
        super().kill()


class Bubblewrap:
    """Each program, or session, in an interpreter of its own under `bwrap`."""

    def __init__(self, limits: Limits | None = None, minimum_tier: Tier = "reduced") -> None:
        self.limits = limits or Limits()
        self._minimum: Tier = minimum_tier
        self._lock = threading.Lock()
        self._mechanisms: tiers.Mechanisms | None = None

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Bubblewrap":
        """Make the sandbox of a job."""
        return cls(Limits.from_settings(settings), cast(Tier, settings.minimum_tier))

    @property
    def tier(self) -> Tier:
        return self.mechanisms.tier

    @property
    def mechanisms(self) -> tiers.Mechanisms:
        """All that we add, if `bwrap` can start here, which is tried once."""
        with self._lock:
            if self._mechanisms is None:
                there = shutil.which("bwrap") is not None and syscalls.supported() and self._starts()
                self._mechanisms = (
                    tiers.Mechanisms(True, True, True, True, True, landlock.abi(), True) if there else tiers.NOTHING
                )
            return self._mechanisms

    def _starts(self) -> bool:
        child = self._fork(cpu_seconds=30)
        try:
            return child.run("1", Limits(seconds=30))[1] == "ok"
        finally:
            child.kill()

    def run(self, code: str) -> Result:
        started = time.monotonic()
        child = self.fork(cpu_seconds=math.ceil(self.limits.seconds) + 1)
        try:
            return result(started, child.run(code, self.limits), self.limits, self.tier)
        finally:
            child.kill()

    def session(self) -> BlocksSession:
        return BlocksSession(self)

    def close(self) -> None:
        """Nothing is left between two calls."""

    def fork(self, cpu_seconds: int | None) -> Child:
        """A new child that waits for its first block. `SandboxUnavailable` below the minimum tier."""
        if shutil.which("bwrap") is None:
            raise SandboxUnavailable("the command `bwrap` is not there: apt-get install bubblewrap")
        tiers.require(self.mechanisms, self._minimum, allow_unsandboxed=False)
        return self._fork(cpu_seconds)

    def _fork(self, cpu_seconds: int | None) -> Child:
        post, their_post = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line, their_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, their_output = os.pipe()
        os.set_blocking(output, False)
        fds = (their_post.fileno(), their_line.fileno(), their_output)
        with their_post, their_line:
            process = subprocess.Popen(
                self._command(*fds, cpu_seconds), pass_fds=fds, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        os.close(their_output)
        return BubblewrapChild(process, post, line, output)

    def _command(self, post: int, line: int, output: int, cpu_seconds: int | None) -> list[str]:
        mb = self.limits.memory_mb + _INTERPRETER_MB
        call = (
            f"import sys; sys.path.insert(0, '/still'); from {__name__} import inside; "
            f"inside({line}, {output}, {mb}, {cpu_seconds})"
        )
        return [
            *"bwrap --unshare-all --unshare-user --disable-userns --die-with-parent --new-session".split(),
            *"--uid 65534 --gid 65534 --cap-drop ALL --clearenv".split(),
            *[word for item in bare_environment().items() for word in ("--setenv", *item)],
            *["--tmpfs", jail.TMP],  # before what may be installed below it
            *[word for path in [*jail.readable_paths(), *_interpreter()] for word in _bind(path)],
            *[word for device in jail.DEVICES for word in ("--dev-bind", device, device)],
            *["--ro-bind", str(_HERE), _INSIDE, "--chdir", jail.TMP],
            *[
                "--sync-fd",
                str(post),
                sys.executable,
                "-I",
                "-c",
                call,
            ],
        ]


def _interpreter() -> list[str]:
    """The command itself, and what leads it to the packages of a virtual environment."""
    folders = dict.fromkeys(os.path.join(prefix, "bin") for prefix in (sys.prefix, sys.base_prefix))
    config = os.path.join(sys.prefix, "pyvenv.cfg")
    return [path for path in (*folders, config) if os.path.exists(path) and not path.startswith("/usr/")]


def _bind(path: str) -> list[str]:
    return ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]


def inside(line: int, output: int, address_mb: int, cpu_seconds: int | None) -> None:
    """The first lines of an interpreter under `bwrap`: give up the rest, then run blocks."""
    there = tiers.Mechanisms(True, True, True, True, True, landlock.abi(), True)
    jail.limit(address_mb * 2**20, cpu_seconds, count_processes=True)
    readable = landlock.open_paths([*jail.readable_paths(), *jail.DEVICES])
    jail.give_up(there, readable)
    landlock.close(readable)
    exec_block.prepare()
    exec_block.serve(socket.socket(fileno=line), output)
    os._exit(0)
