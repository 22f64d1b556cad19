"""Processes that grade, and die when they must.

One small *nursery* process imports sympy once and forks a worker in milliseconds whenever one is missing. A worker
arms a kernel timer before each job and is killed by it at the deadline, wherever it is: neither a thread, nor a Python
signal handler, nor an exception can stop a computation of big integers in C. Deadlines are in processor time, so that
a busy machine does not cost an honest answer its point; a longer one in wall time stands behind.

Workers are in lanes, so that poison costs nobody else anything: ordinary answers, answers that look heavy, and two
lanes that only get processors which nobody else wants, for what neither of the two finished quickly and for what looks
hopeless.

The nursery is a plain subprocess and not `multiprocessing`: it neither imports the caller's main module again nor
forks a process that has threads, so it works under Ray, under torch, in a thread and in a script without a main guard.
It ends with its parent, because its only input is a socket of the parent; its workers end with it (see `worker.py`).
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

QUICK_S = 0.3  # seconds of processor time; a try that is not done by then moves to the slow lane
HEAVY_S = 0.1  # the same for what looks heavy: twice a textbook's integral in a new worker
DEADLINE_S = 2.5  # seconds of processor time in the slow lane
WALL_S = 30.0  # seconds of wall time in any lane, whatever else the machine does
MEMORY_MB = 96  # what one answer may allocate on top of the imported libraries
LANE_WORKERS = 2  # of every lane but the ordinary one
IDLE = 19  # niceness; such a worker also yields to any other at once, see `worker.py`
_GRACE_S = 20.0  # the parent waits longer than the kernel's timers: a first worker comes after the nursery's imports

Cost = Literal["light", "heavy", "slow", "hopeless"]  # the lane of the first try

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])


@dataclass(frozen=True)
class Reply:
    """What a worker said of an answer: `equal` is None when it could not tell, and `reason` says why."""

    equal: bool | None
    reason: str


class Unavailable(RuntimeError):
    """No worker can be started."""


class Nursery:
    """The process that forks workers. Started by the first `fork`, and again if it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, nice: int) -> Connection:
        """The parent's end of a connection to a new worker. `Unavailable` when the nursery cannot be started."""
        ours, theirs = socket.socketpair()
        with theirs:
            for _ in range(2):
                with self._lock:
                    if self._hand_over(theirs, nice):
                        return Connection(ours.detach())
        ours.close()
        raise Unavailable("the grading process ended as soon as it started; its error is on stderr")

    def _hand_over(self, end: socket.socket, nice: int) -> bool:
        if self._control is None:
            self._start()
        assert self._control is not None
        try:
            socket.send_fds(self._control, [b"%d" % nice], [end.fileno()])
            return True
        except OSError:  # the nursery is gone
            self._forget()
            return False

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = dict(os.environ, PYTHONSAFEPATH="1")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [_PACKAGE_ROOT, os.environ.get("PYTHONPATH")]))
        call = f"from still_verl.rewards.equivalence.worker import nurse; nurse({theirs.fileno()}, {MEMORY_MB})"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", call],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent; its end ends the nursery too
            )
        self._control = ours

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None

    def close(self) -> None:
        """End the nursery, and with it every worker."""
        with self._lock:
            self._forget()

    def abandon(self) -> None:
        """In a child of a fork: let go of the parent's nursery without ending it."""
        if self._control is not None:
            self._control.close()


class Lane:
    """Workers that share a deadline and a priority; a caller waits for a free one, then for its answer."""

    def __init__(self, nursery: Nursery, size: int, deadline_s: float, nice: int) -> None:
        self._nursery = nursery
        self._deadline_s = deadline_s
        self._nice = nice
        self._free = threading.Semaphore(size)
        self._idle: list[Connection] = []

    def ask(self, gold: str, answer: str) -> Reply:
        """Grade one pair. A worker that died of something else than the deadline is replaced once."""
        job = json.dumps([gold, answer, self._deadline_s, WALL_S]).encode()
        with self._free:
            reply = self._try(job, self._any_worker())
            return self._try(job, self._nursery.fork(self._nice)) if reply.reason == "crash" else reply

    def _any_worker(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._nursery.fork(self._nice)

    def _try(self, job: bytes, worker: Connection) -> Reply:
        started = time.monotonic()
        try:
            worker.send_bytes(job)
            if worker.poll(WALL_S + _GRACE_S):
                reply = Reply(*json.loads(worker.recv_bytes()))
                self._idle.append(worker)
                return reply
        except (EOFError, OSError):
            pass
        worker.close()
        return Reply(None, "timeout" if time.monotonic() - started >= self._deadline_s else "crash")

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class Pool:
    """Graders for as many threads as call it. Use `shared()` unless you want processes of your own."""

    def __init__(self, workers: int | None = None, quick_s: float = QUICK_S, deadline_s: float = DEADLINE_S) -> None:
        cores = len(os.sched_getaffinity(0))
        self._nursery = Nursery()
        self._lanes = {
            "light": Lane(self._nursery, workers or min(4, max(2, cores)), quick_s, nice=0),
            "heavy": Lane(self._nursery, LANE_WORKERS, min(quick_s, HEAVY_S), nice=0),
            "slow": Lane(self._nursery, LANE_WORKERS, deadline_s, IDLE),
            "hopeless": Lane(self._nursery, LANE_WORKERS, quick_s, IDLE),
        }

    def ask(self, gold: str, answer: str, cost: Cost = "light") -> Reply:
        """Whether two answers are equal, by everything that `symbolic.decide` knows.

        `cost` is what the answer looks like; one that looks hopeless gets a single short try, a slow one a single long
        one. Returns at the deadline at the latest, plus the time in the queue.
        """
        reply = self._lanes[cost].ask(gold, answer)
        retry = reply.reason == "timeout" and cost in ("light", "heavy")
        return self._lanes["slow"].ask(gold, answer) if retry else reply

    def close(self) -> None:
        """End all processes of the pool. The next `ask` starts new ones."""
        for lane in self._lanes.values():
            lane.close()
        self._nursery.close()

    def abandon(self) -> None:
        self._nursery.abandon()


_shared: Pool | None = None
_shared_lock = threading.Lock()


def shared() -> Pool:
    """The pool of this process."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Pool()
            atexit.register(_shared.close)
        return _shared


def _after_fork() -> None:
    """A forked child starts a pool of its own: two processes that read from one worker would mix their answers."""
    global _shared, _shared_lock
    if _shared is not None:
        _shared.abandon()
        atexit.unregister(_shared.close)
    _shared, _shared_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
