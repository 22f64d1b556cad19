"""The sandbox of the `bwrap` command: slower, because each program starts an interpreter, but its namespaces are made
by a tool that distributions audit. Our own filter of system calls, Landlock and limits come on top.
"""

import math
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from still_verl.interpreter.sandbox.base import (
    INTERPRETER_MB,
    OVERHEAD_MB,
    Limits,
    Result,
    SandboxUnavailable,
    ScriptResult,
    Tier,
    shortened,
)
from still_verl.interpreter.sandbox.local import filetree, syscalls
from still_verl.interpreter.sandbox.local.budget import Budget
from still_verl.interpreter.sandbox.local.child import Child, Ends, connect
from still_verl.interpreter.sandbox.local.client import bare_environment
from still_verl.interpreter.sandbox.local.input_file import input_file
from still_verl.interpreter.sandbox.local.session import BlocksSession
from still_verl.interpreter.sandbox.local.tiers import NOBODY, Mechanisms, require
from still_verl.processes.fork_server import PACKAGE_ROOT

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

# All of this package that a program may see; the other folders are not needed there.
_VISIBLE = ("still_verl/interpreter/sandbox", "still_verl/processes")
_ROOT_INSIDE = "/still"


class BubblewrapChild(Child):
    """A child started by `bwrap`. Its control socket carries no messages; end-of-file means that it exited."""

    def __init__(self, process: "subprocess.Popen[bytes]", ends: Ends) -> None:
        """Watch what `process`, a running `bwrap`, started."""
        super().__init__(ends)
        self._process = process

    def status(self) -> int:
        """Return how `bwrap` ended, which passes on the program's exit code."""
        return self._process.wait()

    def freeze(self) -> None:
        """Do nothing: a stopped `bwrap` does not stop what it started."""

    def private_bytes(self) -> None:
        """Say that nobody can tell: it goes on between two blocks, and may take more."""

    def kill(self) -> None:
        """End `bwrap`; the kernel ends its pid namespace with it."""
        self._process.kill()
        self._process.wait()
        super().kill()


class Bubblewrap:
    """Each program, or session, in an interpreter of its own under `bwrap`."""

    def __init__(self, limits: Limits | None = None, minimum_tier: Tier = "basic", total_mb: int | None = None) -> None:
        """Describe a sandbox; nothing is started before its first program.

        Args:
            limits: what one program may use.
            minimum_tier: where this machine isolates less, no program is run.
            total_mb: MiB that all programs and open sessions may take; None is a fourth of this machine's memory.

        Raises:
            ValueError: `total_mb` has no room for one program.
        """
        self.limits = limits or Limits()
        self.budget = Budget(self.limits.memory_mb + INTERPRETER_MB + OVERHEAD_MB, total_mb)
        self._minimum: Tier = minimum_tier
        self._lock = threading.Lock()
        self._mechanisms: Mechanisms | None = None

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Bubblewrap":
        """Make the sandbox of a job."""
        return cls(Limits.from_settings(settings), cast(Tier, settings.minimum_tier), settings.total_memory_mb)

    @property
    def tier(self) -> Tier:
        """Isolation in force."""
        return self.mechanisms.tier

    @property
    def mechanisms(self) -> Mechanisms:
        """What isolates programs here: all that we use, if `bwrap` can start, which is tried once."""
        with self._lock:
            if self._mechanisms is None:
                self._mechanisms = self._probe()
            return self._mechanisms

    def _probe(self) -> Mechanisms:
        if shutil.which("bwrap") is None or not syscalls.supported():
            return Mechanisms.nothing()
        child = self._fork(cpu_seconds=30)
        try:
            starts = child.run("1", Limits(seconds=30)).kind == "ok"
        finally:
            child.kill()
        return Mechanisms.everything() if starts else Mechanisms.nothing()

    def run(self, code: str, stdin: str | bytes | None = None) -> Result:
        """Run a program in an interpreter of its own.

        Args:
            code: the program.
            stdin: its standard input; None is none, of which `input()` says so.

        Raises:
            SandboxUnavailable: `bwrap` is not there or isolates less than `minimum_tier`.
        """
        with self.budget.running(), input_file(stdin) as source:
            started = time.monotonic()
            child = self.fork(cpu_seconds=math.ceil(self.limits.seconds) + 1)
            try:
                return shortened(child.run(code, self.limits, source), started, self.limits, self.tier)
            finally:
                child.kill()

    def run_script(self, code: str, stdin: bytes = b"", seconds: float | None = None) -> ScriptResult:
        """Run a program in an interpreter of its own, as `python FILE` would; see `base.RunsScripts`."""
        limits = self.limits if seconds is None else replace(self.limits, seconds=seconds)
        with self.budget.running(), input_file(stdin) as source:
            started = time.monotonic()
            child = self.fork(cpu_seconds=math.ceil(limits.seconds) + 1)
            try:
                stdout, kind, error = child.run_script(code, limits, source)
            finally:
                child.kill()
            return ScriptResult(stdout, kind, error, time.monotonic() - started)

    def session(self) -> BlocksSession:
        """Return a new session, whose blocks share variables; close it."""
        return BlocksSession(self)

    def close(self) -> None:
        """Do nothing: no process is left between two calls."""

    def fork(self, cpu_seconds: int | None) -> Child:
        """Return a new child that waits for its first block.

        Args:
            cpu_seconds: of processor time, after which the kernel ends it; None is without end.

        Raises:
            SandboxUnavailable: `bwrap` is not there or isolates less than `minimum_tier`.
        """
        if shutil.which("bwrap") is None:
            raise SandboxUnavailable("the command `bwrap` is not there: apt-get install bubblewrap")
        require(self.mechanisms, self._minimum, allow_unsandboxed=False)
        return self._fork(cpu_seconds)

    def _fork(self, cpu_seconds: int | None) -> Child:
        ours, theirs = connect()
        try:
            process = subprocess.Popen(
                self._command(theirs, cpu_seconds),
                pass_fds=theirs.fds(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return BubblewrapChild(process, ours)

    def _command(self, ends: Ends, cpu_seconds: int | None) -> list[str]:
        address_mb = self.limits.memory_mb + INTERPRETER_MB
        command = "bwrap --unshare-all --unshare-user --disable-userns --die-with-parent --new-session".split()
        command += f"--uid {NOBODY} --gid {NOBODY} --cap-drop ALL --clearenv".split()
        for name, value in bare_environment().items():
            command += ["--setenv", name, value]
        command += ["--tmpfs", filetree.TMP]  # before what may be installed below it
        for path in [*filetree.readable_paths(), *_interpreter()]:
            command += _bind(path)
        for device in filetree.DEVICES:
            command += ["--dev-bind", device, device]
        for folder in _VISIBLE:
            command += ["--ro-bind", str(Path(PACKAGE_ROOT, folder)), f"{_ROOT_INSIDE}/{folder}"]
        # bwrap closes the control socket when the program has ended, which is how we learn of it.
        command += ["--chdir", filetree.TMP, "--sync-fd", str(ends.control_socket.fileno())]
        call = (
            f"import sys; sys.path.insert(0, {_ROOT_INSIDE!r}); "
            "from still_verl.interpreter.sandbox.bubblewrap_child import main; "
            f"main({ends.data_socket.fileno()}, {ends.output_pipe}, {address_mb}, {cpu_seconds})"
        )
        return [*command, sys.executable, "-I", "-c", call]


def _interpreter() -> list[str]:
    """Return where the command `python` is, and what leads it to the packages of a virtual environment."""
    wanted = []
    for prefix in (sys.prefix, sys.base_prefix):
        wanted.append(os.path.join(prefix, "bin"))
    wanted.append(os.path.join(sys.prefix, "pyvenv.cfg"))
    found: list[str] = []
    for path in wanted:
        if os.path.exists(path) and not path.startswith("/usr/") and path not in found:
            found.append(path)
    return found


def _bind(path: str) -> list[str]:
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path]
