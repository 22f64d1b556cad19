"""Memory that all programs and open sessions of one sandbox may take together.

A program that runs counts with the most that it can take. A session that waits for its next block counts with what it
has: it is stopped, so that this cannot grow. When there is no room for another program, sessions that wait are ended,
the largest first; if programs that run take the room, the new one waits for them.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from still_verl.interpreter.sandbox.base import OVERHEAD_MB
from still_verl.processes import after_fork

_STOP_S, _LOOK_AGAIN_S = 0.2, 0.005  # in which a session stops after its block; between two looks whether it has
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of versions 2 and 1
_SHARE = 4  # of the machine's memory, by default: one part in four


class Evictable(Protocol):
    """A session that waits for its next block."""

    def private_bytes(self) -> int | None:
        """Return what its process does not share with others; None while it still runs, or nobody can tell."""

    def evict(self) -> None:
        """End its process; its next block starts another one. It must not wait for anything."""


def default_total_mb(program_mb: int) -> int:
    """Return a fourth of this machine's or container's memory in MiB, and room for one program at least."""
    return max(machine_bytes(_LIMITS) // 2**20 // _SHARE, program_mb)


def machine_bytes(limits: Sequence[str]) -> int:
    """Return the memory of this machine, or of the container that limits it.

    Args:
        limits: files that may have the limit of a cgroup, as a number or a word for "none".
    """
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in limits:
        try:
            least = min(least, int(Path(path).read_text()))
        except (OSError, ValueError):  # another version of cgroups, or no limit
            continue
    return least


class Budget:
    """Lets programs in. Safe to use from many threads."""

    def __init__(self, program_mb: int, total_mb: int | None = None) -> None:
        """Describe a budget.

        Args:
            program_mb: the most that one program can take, in MiB.
            total_mb: of all together; None is a fourth of this machine's memory.

        Raises:
            ValueError: there is not room for one program.
        """
        self.program_mb = program_mb
        self.total_mb = default_total_mb(program_mb) if total_mb is None else total_mb
        if self.total_mb < program_mb:
            raise ValueError(f"total_memory_mb={total_mb}: one program may take {program_mb}; use that or more")
        self.abandon()
        after_fork.abandon_in_child(self)

    def abandon(self) -> None:
        """Forget everything: a forked process has sessions and programs of its own only."""
        self._changed = threading.Condition()
        self._running = 0
        # MiB of each session that waits, longest-waiting first. Until room is short, it counts as a whole program: to
        # look at every session would take time, and a moment after its block it has not stopped yet.
        self._waiting: dict[Evictable, float] = {}

    @contextmanager
    def running(self, session: Evictable | None = None) -> Iterator[None]:
        """Wait until there is room for a program, and count it while the context lasts.

        Args:
            session: that the program is the next block of; it cannot be ended meanwhile.
        """
        patient_until = time.monotonic() + _STOP_S
        with self._changed:
            if session is not None:
                self._waiting.pop(session, None)
            while not self._has_room(ends_unknown=time.monotonic() > patient_until):
                self._changed.wait(_LOOK_AGAIN_S if self._unknown() else None)
            self._running += 1
            if self._fits_one_more():  # pass it on: what became free may have room for several
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()  # one: to wake all that wait costs more than many a program

    def _has_room(self, ends_unknown: bool) -> bool:
        """Make room for one more program by ending sessions that wait; say whether that was enough.

        Args:
            ends_unknown: end sessions too of which nobody can tell what they have.
        """
        if not self._fits_one_more():
            self._measure()
        while self._waiting and self._kept_mb() + self.program_mb > self.total_mb:
            largest = max(self._waiting, key=self._waiting.__getitem__)
            if largest in self._unknown() and not ends_unknown:
                return False
            del self._waiting[largest]
            largest.evict()
        return self._fits_one_more()

    def _fits_one_more(self) -> bool:
        return self._kept_mb() + (self._running + 1) * self.program_mb <= self.total_mb

    def _unknown(self) -> list[Evictable]:
        return [session for session, size in self._waiting.items() if size == self.program_mb]

    def _measure(self) -> None:
        for session in self._unknown():
            private = session.private_bytes()
            if private is not None:
                self._waiting[session] = min(private / 2**20 + OVERHEAD_MB, self.program_mb)

    def _kept_mb(self) -> float:
        return sum(self._waiting.values())

    def keep(self, session: Evictable) -> None:
        """Count a session that waits for its next block, and may be ended from now on. Call it in `running`."""
        with self._changed:
            self._waiting[session] = self.program_mb

    def forget(self, session: Evictable) -> None:
        """Count a session no more, and let nobody end it."""
        with self._changed:
            self._waiting.pop(session, None)
            self._changed.notify()

    def used_mb(self) -> float:
        """Return what is counted now, in MiB."""
        with self._changed:
            self._measure()
            return self._kept_mb() + self._running * self.program_mb
