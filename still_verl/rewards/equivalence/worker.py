"""The other side of `pool.py`: the nursery that forks, and the worker that grades one pair at a time."""

import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

_PR_SET_PDEATHSIG = 1


def nurse(control_fd: int, memory_mb: int) -> None:
    """Import the libraries, then fork a worker for each connection that arrives, until the parent is gone."""
    control = socket.socket(fileno=control_fd)
    from still_verl.rewards.equivalence.symbolic import decide, warm_up

    warm_up()
    gc.freeze()  # what is imported stays shared between the workers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries dead workers
    sys.setrecursionlimit(3000)
    nursery = os.getpid()
    while True:
        message, fds, _, _ = socket.recv_fds(control, 16, 1)
        if not message:  # end of file: the parent closed its end or died
            return
        if os.fork() == 0:
            try:
                control.close()
                _die_with(nursery)
                _yield_to_others(int(message))
                _limit_memory(memory_mb)
                _serve(Connection(fds[0]), decide)
            finally:
                os._exit(0)  # whatever happened, a worker never goes on as a second nursery
        os.close(fds[0])


def _yield_to_others(nice: int) -> None:
    """The lowest is Linux's idle class: any other process that wakes up goes first, at once."""
    os.nice(nice)
    if nice == 19 and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _die_with(parent: int) -> None:
    """SIGKILL for this process when its parent ends, however busy it is (Linux; elsewhere the deadline ends it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _limit_memory(memory_mb: int) -> None:
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[0])
    limit = pages * resource.getpagesize() + memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _serve(parent: Connection, decide: Callable[[str, str], tuple[bool | None, str]]) -> None:
    """Answer jobs until the parent hangs up. A job that outlives a deadline is ended by the kernel, not by Python."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while True:
        try:
            gold, answer, processor_s, wall_s = json.loads(parent.recv_bytes())
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_PROF, processor_s)
        signal.setitimer(signal.ITIMER_REAL, wall_s)
        try:
            equal, reason = decide(gold, answer)
        except MemoryError:
            equal, reason = None, "memory"
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        parent.send_bytes(json.dumps([equal, reason]).encode())
        if reason == "memory":  # caches may hold what filled it
            return
