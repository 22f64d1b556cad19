"""The sandbox of this machine: a warm fork server (`server.py`) and, for each program, one confined child of it."""

import json
import math
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from still_verl.interpreter.sandbox.base import (
    OVERHEAD_MB,
    Limits,
    Result,
    SandboxUnavailable,
    ScriptResult,
    Tier,
    shortened,
)
from still_verl.interpreter.sandbox.local.budget import Budget
from still_verl.interpreter.sandbox.local.child import Child, connect
from still_verl.interpreter.sandbox.local.greeting import Greeting
from still_verl.interpreter.sandbox.local.input_file import input_file
from still_verl.interpreter.sandbox.local.session import BlocksSession
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, require
from still_verl.processes.fork_server import PACKAGE_ROOT, ForkServer, Unavailable

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

_TRIES = 2  # a lost server is no fault of the program, so that it is run once more
_CANNOT_FORK = "the sandbox's server cannot start a process; is the machine out of memory?"


class Local:
    """Programs in confined children of a warm fork server on this machine.

    The server starts with the first call, and again if it was killed. It forks nothing of the caller, so it works under
    Ray, beside torch and in threads. It ends with its parent, and its children with it.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        minimum_tier: Tier = "basic",
        allow_unsandboxed: bool = False,
        absent: tuple[str, ...] = (),
        landlock_abi: int | None = None,
        total_mb: int | None = None,
        preload: Sequence[str] = (),
        mathematics: bool = True,
    ) -> None:
        """Describe a sandbox; nothing is started before its first program.

        Args:
            limits: what one program may use.
            minimum_tier: where this machine isolates less, no program is run.
            allow_unsandboxed: run programs even with no isolation at all.
            absent: mechanisms of `tiers.Mechanisms` that are not used even where they are there.
            landlock_abi: the highest version of Landlock that is used; None is the kernel's. Both are for tests.
            total_mb: MiB that all programs and open sessions may take; None is a fourth of this machine's memory.
            preload: modules that the server loads ahead; the limit on memory counts them.
            mathematics: load numpy and sympy ahead, too; without them a program that needs neither takes less time.

        Raises:
            ValueError: `total_mb` has no room for one program.
        """
        self.limits = limits or Limits()
        self.budget = Budget(self.limits.memory_mb + OVERHEAD_MB, total_mb)
        self._minimum: Tier = minimum_tier
        self._allow_unsandboxed = allow_unsandboxed
        folders = [PACKAGE_ROOT, *_folders_of_the_numbers()]
        self._server = ForkServer(
            "still_verl.interpreter.sandbox.local.server:main",
            list(absent),
            landlock_abi,
            list(preload),
            folders,
            mathematics,
            environment=bare_environment(),
            folders=folders,
        )

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Local":
        """Make the sandbox of a job."""
        return cls(
            Limits.from_settings(settings),
            cast(Tier, settings.minimum_tier),
            settings.allow_unsandboxed,
            total_mb=settings.total_memory_mb,
            preload=settings.preload,
        )

    @property
    def mechanisms(self) -> Mechanisms:
        """What isolates programs here, as the server found when it started.

        Raises:
            SandboxUnavailable: the server does not start.
        """
        try:
            return Greeting.from_json(self._server.greeting()).mechanisms
        except Unavailable as error:
            raise SandboxUnavailable(str(error)) from error

    @property
    def tier(self) -> Tier:
        """Isolation in force."""
        return self.mechanisms.tier

    def run(self, code: str, stdin: str | bytes | None = None) -> Result:
        """Run a program in a process of its own.

        Args:
            code: the program.
            stdin: its standard input; None is none, of which `input()` says so.

        Raises:
            SandboxUnavailable: this machine isolates less than `minimum_tier`, or the server cannot start a process.

        Example:
            >>> sandbox = Local(Limits(seconds=30), allow_unsandboxed=True)
            >>> sandbox.run("print(6 * 7)").stdout
            '42\\n'
            >>> sandbox.run("1 / 0").error
            '  line 1, in <module>: 1 / 0\\nZeroDivisionError: division by zero'
            >>> sandbox.run("print(int(input()) * 7)", stdin="6").stdout
            '42\\n'
            >>> sandbox.close()
        """
        for _ in range(_TRIES):
            with self.budget.running(), self._child(self.limits) as child, input_file(stdin) as source:
                started = time.monotonic()
                outcome = child.run(code, self.limits, source)
            if outcome.kind != "lost":
                return shortened(outcome, started, self.limits, self.tier)
        raise SandboxUnavailable(_CANNOT_FORK)

    def run_script(self, code: str, stdin: bytes = b"", seconds: float | None = None) -> ScriptResult:
        """Run a program in a process of its own, as `python FILE` would; see `base.RunsScripts`."""
        with input_file(stdin) as source:
            return self.run_script_on(source, code, seconds)

    def run_script_on(self, stdin: int, code: str, seconds: float | None = None) -> ScriptResult:
        """Run a program as a file whose standard input is a descriptor, which may be one end of a pair of sockets."""
        limits = self.limits if seconds is None else replace(self.limits, seconds=seconds)
        for _ in range(_TRIES):
            with self.budget.running(), self._child(limits) as child:
                started = time.monotonic()
                stdout, kind, error = child.run_script(code, limits, stdin)
            if kind != "lost":
                return ScriptResult(stdout, kind, error, time.monotonic() - started)
        raise SandboxUnavailable(_CANNOT_FORK)

    @contextmanager
    def _child(self, limits: Limits) -> Iterator[Child]:
        """Yield a child for one program, and end it."""
        child = self.fork(cpu_seconds=math.ceil(limits.seconds) + 1)
        try:
            yield child
        finally:
            child.kill()

    def session(self) -> BlocksSession:
        """Return a new session, whose blocks share variables; close it."""
        return BlocksSession(self)

    def fork(self, cpu_seconds: int | None) -> Child:
        """Return a new child that waits for its first block.

        Args:
            cpu_seconds: of processor time, after which the kernel ends it; None is without end.

        Raises:
            SandboxUnavailable: this machine isolates less than `minimum_tier`, or the server does not start.
        """
        request = json.dumps({"memory_mb": self.limits.memory_mb, "cpu_seconds": cpu_seconds}).encode()
        ours, theirs = connect()
        child = Child(ours)
        try:
            self._server.hand_over(request, theirs.fds(), accept=self._require)
        except BaseException as error:
            child.kill()
            if isinstance(error, Unavailable):
                raise SandboxUnavailable(str(error)) from error
            raise
        finally:
            theirs.close()
        return child

    def _require(self, greeting: bytes) -> None:
        found = Greeting.from_json(greeting)
        found.require_modules()
        require(found.mechanisms, self._minimum, self._allow_unsandboxed)
        found.require_memory(self.limits.memory_mb)

    def close(self) -> None:
        """End the server, and with it every program. The next call starts another one."""
        self._server.close()


def _folders_of_the_numbers() -> list[str]:
    """Return where the package `system-calls` is, if an isolated Python would not find it: in a user's folder, say."""
    found = find_spec("system_calls")
    if found is None or found.origin is None:
        return []
    folder = str(Path(found.origin).parents[1])
    if folder in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        return []
    return [folder]


def bare_environment() -> dict[str, str]:
    """Return an environment with nothing of the parent's: keys and tokens are in environments.

    One thread for numpy, and none for the memory of pyarrow, so that forking is safe. sympy's caches hold 1,000 results
    by default and would forget most of what `preload.py` did.
    """
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1", "SYMPY_CACHE_SIZE": "20000"}
    environment["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
    for library in ("OPENBLAS", "OMP", "MKL"):
        environment[f"{library}_NUM_THREADS"] = "1"
    return environment
