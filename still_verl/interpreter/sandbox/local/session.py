"""Blocks that share variables, in one child that is kept from block to block."""

import time
from typing import Protocol

from still_verl.interpreter.sandbox.base import Limits, Outcome, Result, Tier, shortened
from still_verl.interpreter.sandbox.local.budget import Budget
from still_verl.interpreter.sandbox.local.child import Child

LOST = "The session was restarted: its variables are lost."
EVICTED = f"{LOST} Other programs needed its memory.\n"


class Forks(Protocol):
    """A sandbox that makes children."""

    limits: Limits
    budget: Budget

    @property
    def tier(self) -> Tier:
        """Isolation in force."""

    def fork(self, cpu_seconds: int | None) -> Child:
        """Return a new child that waits for its first block."""


class BlocksSession:
    """Blocks that share variables. Between two blocks its process is stopped and uses memory only."""

    def __init__(self, sandbox: Forks) -> None:
        """Describe a session; its process starts with the first block."""
        self._sandbox = sandbox
        self._child: Child | None = None
        self._evicted = False

    def run(self, code: str) -> Result:
        """Run a block. After a crash or a timeout the error says that the variables are lost.

        Raises:
            SandboxUnavailable: no process can be started.
        """
        budget = self._sandbox.budget
        with budget.running(self):
            started = time.monotonic()
            notice, self._evicted = (EVICTED if self._evicted else ""), False
            if self._child is None:
                self._child = self._sandbox.fork(cpu_seconds=None)
            else:
                self._child.thaw()
            outcome = self._child.run(code, self._sandbox.limits)
            if outcome.kind in ("ok", "error"):
                self._child.freeze()
                budget.keep(self)
            else:
                self.close()
                # A server that is gone took the variables along, which is no different from a crash for the program.
                kind = "crash" if outcome.kind == "lost" else outcome.kind
                outcome = Outcome(outcome.output, kind, f"{outcome.error}\n{LOST}")
        outcome = outcome._replace(output=notice + outcome.output)
        return shortened(outcome, started, self._sandbox.limits, self._sandbox.tier)

    def private_bytes(self) -> int | None:
        """Return what its process does not share with others; None while it still runs, or nobody can tell."""
        return self._child.private_bytes() if self._child is not None else 0

    def evict(self) -> None:
        """End its process between two blocks; the next one says so."""
        if self._child is not None:
            self._child.kill()
            self._child = None
            self._evicted = True

    def close(self) -> None:
        """End its process."""
        self._sandbox.budget.forget(self)
        if self._child is not None:
            self._child.kill()
            self._child = None
