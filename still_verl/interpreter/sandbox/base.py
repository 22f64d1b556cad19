"""What every sandbox offers. Blocking and safe to call from many threads; `runner.py` is the asynchronous side."""

from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from still_verl.interpreter.settings import InterpreterConfig

Tier = Literal["none", "reduced", "full", "remote"]
TIERS: tuple[Tier, ...] = ("none", "reduced", "full")  # of this machine, from least to most


class SandboxUnavailable(RuntimeError):
    """No program was run, because this machine does not give what was asked for; the message says how to mend it."""


@dataclass(frozen=True)
class Limits:
    """What one program may use. A session has them for each block, and `memory_mb` for all of its blocks together.

    Attributes:
        seconds: wall time.
        memory_mb: address space on top of what the interpreter and the warm libraries take.
        output_chars: characters of output that are kept, half of them from its end.
        flood_mb: a program that writes more than this is ended.
    """

    seconds: float = 10.0
    memory_mb: int = 512
    output_chars: int = 2000
    flood_mb: int = 8

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0:
                raise ValueError(f"{name}={value}: use a number above 0")

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
        tier: isolation in force; "remote" is another machine's, which nobody here can check.
    """

    stdout: str
    error: str | None
    kind: str
    seconds: float
    tier: Tier

    @property
    def timed_out(self) -> bool:
        return self.kind == "timeout"

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Session(Protocol):
    """Blocks that share variables, as the cells of a notebook. One thread at a time."""

    def run(self, code: str) -> Result:
        """Run a block. After a crash or a timeout the error says that its variables are lost."""

    def close(self) -> None:
        """End its process."""


class Sandbox(Protocol):
    """Runs programs. Every method may be called from any thread."""

    @property
    def tier(self) -> Tier:
        """Isolation in force."""

    def run(self, code: str) -> Result:
        """Run a program by itself. Never raises for what a program does; `SandboxUnavailable` when none can run."""

    def session(self) -> Session:
        """A new session; close it."""

    def close(self) -> None:
        """End every process of the sandbox."""


class BuildsSandbox(Protocol):
    """What `still.interpreter.sandbox` names: a class of sandboxes that can be made from a job's settings."""

    def from_settings(self, settings: "InterpreterConfig") -> Sandbox:
        """Make a sandbox (a classmethod); nothing is started before its first program."""


@runtime_checkable
class SubmitsPrograms(Protocol):
    """A sandbox that waits for its programs by itself, as one on another machine does: no thread is needed for that."""

    def submit(self, code: str) -> "Future[tuple[Result, float]]":
        """Run a program; the result, and the seconds that it waited for a free place. Cancelling gives the place up."""


def as_text(output: bytes) -> str:
    """Output of a program as text: bytes that are no UTF-8 become U+FFFD, NUL becomes the four characters \\x00."""
    return output.decode("utf-8", "replace").replace("\0", "\\x00")


def clip(text: str, chars: int) -> str:
    """`text`, or its first and last halves of `chars` characters with a note of how many lie between."""
    if len(text) <= chars:
        return text
    head = chars - chars // 2
    return f"{text[:head]}\n... [{len(text) - chars} characters left out] ...\n{text[len(text) - chars // 2 :]}"
