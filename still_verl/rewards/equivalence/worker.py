"""The other side of `pool.py`: the fork server, and the worker that grades one pair at a time."""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from still_verl.processes import children
from still_verl.rewards.equivalence.reading import Reading

READY = b"ready"
RECURSION_LIMIT = 3000  # of Python frames: parsers of nested formulas need more than 1000
IDLE = 19  # the lowest priority as niceness; such a worker also yields to any other at once

Decide = Callable[[str, str, Reading], tuple[bool | None, str]]


def serve(control_fd: int, memory_mb: int) -> None:
    """Import the libraries, then fork a worker for each connection that arrives, until the parent is gone.

    Args:
        control_fd: a socket. Each message on it is the niceness of a worker, and brings its connection.
        memory_mb: what a worker may allocate on top of the imported libraries.
    """
    control = socket.socket(fileno=control_fd)
    from still_verl.rewards.equivalence.symbolic import decide, warm_up

    warm_up()
    children.keep_shared()
    children.reap_automatically()
    sys.setrecursionlimit(RECURSION_LIMIT)
    server = os.getpid()
    control.send(READY)
    while True:
        message, fds = children.receive(control, 16, 1)
        if not message:  # end of file: the parent closed its end or died
            return
        if os.fork() == 0:
            try:
                control.close()
                children.die_with_parent(server)
                _yield_to_others(int(message))
                _limit_memory(memory_mb)
                _grade(Connection(fds[0]), decide)
            finally:
                os._exit(0)  # whatever happened, a worker never goes on as a second server
        children.close_all(fds)


def _yield_to_others(nice: int) -> None:
    """Lower the priority. The lowest is Linux's idle class: any other process that wakes up goes first, at once."""
    os.nice(nice)
    if nice == IDLE and hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _limit_memory(memory_mb: int) -> None:
    limit = children.address_space() + memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _grade(parent: Connection, decide: Decide) -> None:
    """Answer jobs until the parent hangs up. A job that outlives a deadline is ended by the kernel, not by Python."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while True:
        try:
            reference, answer, reading, processor_s, wall_s = json.loads(parent.recv_bytes())
        except (EOFError, OSError):
            return
        signal.setitimer(signal.ITIMER_PROF, processor_s)
        signal.setitimer(signal.ITIMER_REAL, wall_s)
        try:
            equal, reason = decide(reference, answer, reading)
        except MemoryError:
            equal, reason = None, "memory"
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        parent.send_bytes(json.dumps([equal, reason]).encode())
        if reason == "memory":  # caches may hold what filled it
            return
