"""What a fork server and its forked children do to themselves. Each function concerns the process that calls it."""

import ctypes
import gc
import os
import resource
import signal
import socket
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)  # once: a child that loads it writes to memory that it could share


def receive(connection: socket.socket, size: int, fds: int) -> tuple[bytes, list[int]]:
    """Wait for one message and the descriptors that came with it.

    Args:
        connection: a Unix socket.
        size: the most bytes of a message.
        fds: the most descriptors of a message.

    Returns:
        The message, empty when the other side has hung up, and new descriptors, which the caller closes.
    """
    message, received, _, _ = socket.recv_fds(connection, size, fds)
    return message, received


def close_all(fds: list[int]) -> None:
    """Close descriptors."""
    for fd in fds:
        os.close(fd)


def reap_automatically() -> None:
    """Let the kernel reap children that end; nobody waits for them or wants to know how they ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def keep_shared() -> None:
    """Keep what is in memory now shared with children: a garbage collection of theirs would copy every page of it."""
    gc.collect()
    gc.freeze()


def die_with_parent(parent: int | None = None) -> None:
    """Get SIGKILL when the parent ends, however busy this process is (Linux; elsewhere nothing happens).

    A change of user clears this, so call it after the last one. The kernel means the thread that forked: use it below
    a parent with one thread only.

    Args:
        parent: the parent's process id, to notice that it ended before this call; then this process ends now. None in
            a pid namespace of its own, from where the parent cannot be seen.
    """
    if sys.platform != "linux":
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(0)


def address_space() -> int:
    """Return the bytes that this process has mapped, which is what `RLIMIT_AS` counts. Reads /proc."""
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[0])
    return pages * resource.getpagesize()
