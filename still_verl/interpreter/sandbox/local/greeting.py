"""What the server of a sandbox says of itself when it is ready."""

import functools
import json
from dataclasses import asdict, dataclass, field

from still_verl.interpreter.sandbox.base import SandboxUnavailable
from still_verl.interpreter.sandbox.local.tiers import Mechanisms

_LEAST_MB = 32  # that is left to a program


@dataclass(frozen=True)
class Greeting:
    """What the client needs to know before the first program.

    Attributes:
        mechanisms: what isolates programs.
        writable_bytes: of the interpreter: a program can take a copy of them, so that they are part of its memory.
        faults: what is wrong with the modules that it was to load ahead; it has ended then.
    """

    mechanisms: Mechanisms
    writable_bytes: int
    faults: list[str] = field(default_factory=list)

    @classmethod
    @functools.lru_cache(maxsize=8)  # each program asks for that of the same server
    def from_json(cls, text: bytes) -> "Greeting":
        """Read what `to_json` wrote."""
        found = json.loads(text)
        found["mechanisms"] = Mechanisms(**found["mechanisms"])
        return cls(**found)

    def to_json(self) -> bytes:
        """Return this as JSON, for another process."""
        return json.dumps(asdict(self)).encode()

    @property
    def interpreter_mb(self) -> int:
        """`writable_bytes` in MiB, rounded up."""
        return -(-self.writable_bytes // 2**20)

    def require_modules(self) -> None:
        """Refuse a server that could not load its modules.

        Raises:
            SandboxUnavailable: names them, and why.
        """
        if self.faults:
            raise SandboxUnavailable(f"preload: {'; '.join(self.faults)}; install what is missing, or leave it out")

    def require_memory(self, memory_mb: int) -> None:
        """Refuse a limit that leaves programs nothing.

        Raises:
            SandboxUnavailable: names the limit, what the interpreter takes and the least limit.
        """
        least = self.interpreter_mb + _LEAST_MB
        if memory_mb < least:
            raise SandboxUnavailable(
                f"memory_mb={memory_mb}: the interpreter with its libraries takes {self.interpreter_mb} of them; "
                f"use {least} or more, or load fewer libraries ahead (preload)"
            )
