"""What every sandbox offers. Blocking and safe to call from many threads; see `async_sandbox.py` for coroutines."""

import math
import threading
import time
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from still_verl.interpreter.sandbox.inside.errors import ERROR_CHARS

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

Tier = Literal["none", "basic", "reduced", "full", "remote"]
TIERS: tuple[Tier, ...] = ("none", "basic", "reduced", "full")  # of this machine, from least to most
CODE_MB = 1  # MiB of a block in UTF-8; longer ones are refused
INTERPRETER_MB = 256  # address space in MiB that an interpreter takes by itself, where limits include it

OVERHEAD_MB = 64  # MiB of one program beyond its limit: its /tmp, buffers of pipes and sockets, what the kernel keeps


class SandboxUnavailable(RuntimeError):
    """No program was run, because this machine does not give what was asked for; the message says what to do."""


@dataclass(frozen=True)
class Limits:
    """What one program may use. A session has them for each block, and `memory_mb` for all of its blocks together.

    Attributes:
        seconds: wall time.
        memory_mb: address space in MiB, on top of what the interpreter and the libraries loaded ahead take.
        output_chars: characters of output that are kept, half of them from its end.
        flood_mb: a program that writes more than this, in MiB, is ended.

    Raises:
        ValueError: one of them is not above 0, or no process can wait as long.
    """

    seconds: float = 10.0
    memory_mb: int = 512
    output_chars: int = 2000
    flood_mb: int = 8

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 < value < math.inf:
                raise ValueError(f"{name}={value}: use a number above 0")
        if self.seconds > threading.TIMEOUT_MAX:
            raise ValueError(f"seconds={self.seconds}: use at most {threading.TIMEOUT_MAX:.0f}")

    @property
    def timeout_error(self) -> str:
        """What a model reads of a program whose time was over."""
        return f"stopped after {self.seconds:g} seconds"

    @property
    def flood_error(self) -> str:
        """What a model reads of a program that wrote without end."""
        return f"stopped after writing {self.flood_mb} MiB"

    @classmethod
    def from_settings(cls, settings: "InterpreterConfig") -> "Limits":
        """Return what a job's settings allow."""
        return cls(seconds=settings.seconds_per_call, memory_mb=settings.memory_mb, output_chars=settings.output_chars)


@dataclass(frozen=True)
class Result:
    """What became of a program.

    Attributes:
        stdout: what it wrote to stdout and stderr, and the value of its last expression; shortened as the limits say.
        error: its last lines of traceback, or how it ended; None when it ran to its end.
        kind: "ok", "error" (it raised), "timeout", "crash" (its process ended), "flood" (it wrote without end),
            "unavailable" (a remote service gave no answer).
        seconds: wall time from the request to the result, without waiting for a free place.
        tier: isolation in force; "remote" is that of another machine, and cannot be checked here.
    """

    stdout: str
    error: str | None
    kind: str
    seconds: float
    tier: Tier

    @property
    def timed_out(self) -> bool:
        """Whether it was stopped because its time was over."""
        return self.kind == "timeout"

    def as_dict(self) -> dict[str, object]:
        """Return the attributes by name, as JSON can hold them."""
        return asdict(self)


class Outcome(NamedTuple):
    """What became of a program, in full: `Result` before it is shortened. `kind` and `error` are as there."""

    output: str
    kind: str
    error: str | None


TOO_LONG = Outcome("", "error", f"the program is longer than {CODE_MB} MiB")


@dataclass(frozen=True)
class ScriptResult:
    """What became of a program that was run as a file, as `python FILE` would.

    Attributes:
        stdout: the bytes that it wrote to stdout. What it wrote to stderr is gone.
        kind: as in `Result`, and "exited": its process ended with exit code 0 before its last line, as by `os._exit`.
        error: as in `Result`.
        seconds: as in `Result`.
    """

    stdout: bytes
    kind: str
    error: str | None
    seconds: float


class Session(Protocol):
    """Blocks that share variables, as in a notebook. One thread at a time."""

    def run(self, code: str) -> Result:
        """Run a block. After a crash or a timeout the error says that its variables are lost."""

    def close(self) -> None:
        """End its process."""


class Sandbox(Protocol):
    """Runs programs. Every method may be called from any thread."""

    @property
    def tier(self) -> Tier:
        """Isolation in force."""

    def run(self, code: str, stdin: str | bytes | None = None) -> Result:
        """Run a program by itself. Never raises for what a program does.

        Args:
            code: the program.
            stdin: its standard input; None is none, of which `input()` says so.

        Raises:
            SandboxUnavailable: no program can run here.
        """

    def session(self) -> Session:
        """Return a new session; close it.

        Raises:
            SandboxUnavailable: this sandbox has no sessions, or none can be started.
        """

    def close(self) -> None:
        """End every process of the sandbox."""


class BuildsSandbox(Protocol):
    """What `still.interpreter.sandbox` names: a class of sandboxes that can be made from a job's settings.

    A sandbox of your own is a class with this classmethod and the methods of `Sandbox`, for example

        class MySandbox:
            @classmethod
            def from_settings(cls, settings):
                return cls(Limits.from_settings(settings))

    and the setting is its dotted name, `still.interpreter.sandbox=my_package.MySandbox`. It is made once in each
    rollout worker. When it waits for another machine, give it the method of `SubmitsPrograms` too.
    """

    def from_settings(self, settings: "InterpreterConfig") -> Sandbox:
        """Make the sandbox of a job (a classmethod). Start nothing before its first program."""


@runtime_checkable
class RunsScripts(Protocol):
    """A sandbox that runs a program as `python FILE` would, for a reward by tests."""

    def run_script(self, code: str, stdin: bytes = b"", seconds: float | None = None) -> ScriptResult:
        """Run a program by itself, as a file: no value is shown, and stdout is apart from stderr.

        Args:
            code: the program.
            stdin: its standard input.
            seconds: of wall time; None is what the sandbox's limits say.

        Raises:
            SandboxUnavailable: no program can run here.
        """


@runtime_checkable
class SubmitsPrograms(Protocol):
    """A sandbox that waits for its programs by itself, as one on another machine does: no thread is needed for that."""

    def submit(self, code: str, stdin: str | bytes | None = None) -> "Future[tuple[Result, float]]":
        """Run a program; return its result, and the seconds that it waited for a free place.

        Cancelling the future gives the place up.
        """


def shortened(outcome: Outcome, started: float, limits: Limits, tier: Tier) -> Result:
    """Return what a model gets to read of an outcome; `started` is a time of the monotonic clock."""
    error = None
    if outcome.error is not None:
        error = clip(outcome.error, ERROR_CHARS)
    shown = clip(outcome.output, limits.output_chars)
    return Result(shown, error, outcome.kind, time.monotonic() - started, tier)


def as_bytes(code: str) -> bytes:
    """Return a block in UTF-8. A lone surrogate passes: Python refuses it where the block is run."""
    return code.encode("utf-8", "surrogatepass")


def is_too_long(code: bytes) -> bool:
    """Return whether a block is longer than `CODE_MB`; what becomes of it is `TOO_LONG`."""
    return len(code) > CODE_MB * 2**20


def exit_error(code: int | None) -> str:
    """Return what a model reads of a program that ended its process with an exit code; None where that is unknown."""
    return f"the program ended its process with exit code {code}"


def as_text(output: bytes) -> str:
    """Return output of a program as a model reads it; bytes that are no UTF-8 become U+FFFD."""
    return readable(output.decode("utf-8", "replace"))


def readable(text: str) -> str:
    """Return output as a terminal would show it, with the four characters \\x00 for each NUL.

    Of what was written over with a carriage return, as progress bars are, the last state is kept.

    Example:
        >>> readable("10 %\\r50 %\\r100 %\\ndone\\r\\n")
        '100 %\\ndone\\n'
    """
    text = text.replace("\0", "\\x00")  # many tools cut a text at a NUL
    if "\r" not in text:
        return text
    return "\n".join(_last_state(written) for written in text.split("\n"))


def _last_state(written: str) -> str:
    for state in reversed(written.split("\r")):
        if state:
            return state
    return ""


def clip(text: str, chars: int) -> str:
    """Shorten a text to its first and last characters, with a note of how many lie between.

    Example:
        >>> clip("0123456789", 10)
        '0123456789'
        >>> clip("01234567890", 4)
        '01\\n... [7 characters left out] ...\\n90'
    """
    if len(text) <= chars:
        return text
    head = chars - chars // 2
    return f"{text[:head]}\n... [{len(text) - chars} characters left out] ...\n{text[len(text) - chars // 2 :]}"
