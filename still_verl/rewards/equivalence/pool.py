"""Worker processes that grade answers, and that the kernel kills at a deadline.

One fork server imports sympy once and forks a worker in milliseconds whenever one is missing. A worker arms a kernel
timer before each job and is killed by it at the deadline, wherever it is: neither a thread, nor a Python signal
handler, nor an exception can stop a computation of big integers in C. Deadlines are in processor time, so that a
busy machine does not make a right answer count as wrong. There is a second, longer deadline in wall time.

Workers are in four groups, called lanes, so that an answer that would freeze a grader does not delay the others. One
lane has ordinary answers, one has answers that look heavy. Two lanes have the lowest priority: one for what these two
did not finish quickly, one for what looks hopeless.

The server ends with this process, see `processes.fork_server`; its workers end with it, see `worker.py`. A forked child
of this process starts a server and workers of its own.
"""

import atexit
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

from still_verl.processes import after_fork
from still_verl.processes.fork_server import ForkServer
from still_verl.processes.fork_server import Unavailable as Unavailable  # what `ask` raises, for who catches it
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.equivalence.worker import IDLE

QUICK_S = 0.3  # seconds of processor time; a try that is not done by then moves to the slow lane
HEAVY_S = 0.1  # the same for what looks heavy: twice a textbook's integral in a new worker
DEADLINE_S = 2.5  # seconds of processor time in the slow lane
WALL_S = 30.0  # seconds of wall time in any lane, whatever else the machine does
MEMORY_MB = 96  # what one answer may allocate on top of the imported libraries
LANE_WORKERS = 2  # of every lane but the ordinary one
_GRACE_S = 20.0  # the parent waits longer than the kernel's timers: a busy machine may be late to run the worker

Cost = Literal["light", "heavy", "slow", "hopeless"]  # the lane of the first try


@dataclass(frozen=True)
class Graded:
    """What a worker found out about an answer.

    Attributes:
        equal: whether it equals the reference; None when the worker could not tell.
        reason: what decided; or "timeout", "memory" or "crash".
    """

    equal: bool | None
    reason: str


class Lane:
    """Workers that share a deadline and a priority; a caller waits for a free one, then for its answer."""

    def __init__(self, server: ForkServer, size: int, deadline_s: float, nice: int) -> None:
        """Describe a lane; its workers are forked when they are first needed.

        Args:
            server: forks the workers.
            size: the most workers, and so the most jobs at once.
            deadline_s: seconds of processor time for each job.
            nice: niceness of the workers, 0 to `IDLE`.
        """
        self._server = server
        self._size = size
        self._deadline_s = deadline_s
        self._nice = nice
        self._forget()

    def _forget(self) -> None:
        """Know of no worker, and hold no place of any thread's."""
        self._free = threading.Semaphore(self._size)
        self._idle: list[Connection] = []

    def ask(self, reference: str, answer: str, reading: Reading = "strict") -> Graded:
        """Grade one pair. A worker that died of something else than the deadline is replaced once.

        Raises:
            Unavailable: no worker can be started.
        """
        job = json.dumps([reference, answer, reading, self._deadline_s, WALL_S]).encode()
        with self._free:
            graded = self._try(job, self._any_worker())
            if graded.reason == "crash":
                graded = self._try(job, self._new_worker())
            return graded

    def _any_worker(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_worker()

    def _new_worker(self) -> Connection:
        with after_fork.FORKING:
            ours, theirs = socket.socketpair()
            worker = Connection(ours.detach())
            after_fork.close_in_child(worker, theirs)
        try:
            self._server.hand_over(b"%d" % self._nice, [theirs.fileno()])
        except Unavailable:
            worker.close()
            raise
        finally:
            theirs.close()
        return worker

    def _try(self, job: bytes, worker: Connection) -> Graded:
        started = time.monotonic()
        try:
            worker.send_bytes(job)
            if worker.poll(WALL_S + _GRACE_S):
                graded = Graded(*json.loads(worker.recv_bytes()))
                self._idle.append(worker)
                return graded
        except (EOFError, OSError):  # the worker died: at its deadline, or by accident
            pass
        worker.close()
        return Graded(None, "timeout" if time.monotonic() - started >= self._deadline_s else "crash")

    def close(self) -> None:
        """Hang up on the workers that are idle, which then end."""
        while self._idle:
            self._idle.pop().close()

    def abandon(self) -> None:
        """Forget the parent's workers, and the places that its threads held, in a forked child."""
        self._forget()


class Pool:
    """Graders for as many threads as call it. Use `shared()` unless you want processes of your own."""

    def __init__(self, workers: int | None = None, quick_s: float = QUICK_S, deadline_s: float = DEADLINE_S) -> None:
        """Describe a pool; nothing is started before the first `ask`.

        Args:
            workers: of the ordinary lane; None is as many as there are processors, 2 to 4.
            quick_s: seconds of processor time of the first try.
            deadline_s: seconds of processor time of the second one, in the slow lane.
        """
        cores = len(os.sched_getaffinity(0))
        ordinary = workers or min(4, max(2, cores))
        self._server = ForkServer("still_verl.rewards.equivalence.worker:serve", MEMORY_MB)
        self._lanes = {
            "light": Lane(self._server, ordinary, quick_s, nice=0),
            "heavy": Lane(self._server, LANE_WORKERS, min(quick_s, HEAVY_S), nice=0),
            "slow": Lane(self._server, LANE_WORKERS, deadline_s, IDLE),
            "hopeless": Lane(self._server, LANE_WORKERS, quick_s, IDLE),
        }
        after_fork.abandon_in_child(self)

    def ask(self, reference: str, answer: str, cost: Cost = "light", reading: Reading = "strict") -> Graded:
        """Decide whether two answers are equal, by everything that `symbolic.decide` knows.

        Returns at the deadline at the latest, plus the time in the queue.

        Args:
            reference: the right answer, in LaTeX.
            answer: the answer to grade.
            cost: what the answer looks like; one that looks hopeless gets a single short try, a slow one a single long
                one.
            reading: how generously they are compared.

        Raises:
            Unavailable: no worker can be started.
        """
        graded = self._lanes[cost].ask(reference, answer, reading)
        if graded.reason == "timeout" and cost in ("light", "heavy"):
            return self._lanes["slow"].ask(reference, answer, reading)
        return graded

    def close(self) -> None:
        """End all processes of the pool. The next `ask` starts new ones."""
        for lane in self._lanes.values():
            lane.close()
        self._server.close()

    def abandon(self) -> None:
        """Let go of the parent's workers, in a forked child. The next `ask` starts new ones."""
        for lane in self._lanes.values():
            lane.abandon()


_shared: Pool | None = None
_shared_lock = threading.Lock()


def shared() -> Pool:
    """Return the pool of this process; it ends with the process."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Pool()
            atexit.register(_shared.close)
        return _shared


def _renew_lock() -> None:
    """Make a new lock, in a forked child: the thread that held the old one may not exist here."""
    global _shared_lock
    _shared_lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
