"""A limit on the processor time of the thread that compares two answers.

A caller's thread holds the lock of Python's interpreter while it computes, and a policy chooses what it computes. So
the rules stop after some milliseconds in a caller's process (see `cost`) and go on in a worker, whose deadline the
kernel keeps. Whatever does many small pieces of work calls `check` before each of them; each piece is bounded by
itself.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(Exception):
    """The thread has used its time. A worker, which has more, may still decide."""


class _Deadline(threading.local):
    at = float("inf")


_deadline = _Deadline()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Let `check` raise once this thread has used so many seconds of processor time inside the block."""
    _deadline.at = time.thread_time() + seconds
    try:
        yield
    finally:
        _deadline.at = float("inf")


def check() -> None:
    """Go on, or stop.

    Raises:
        OutOfTime: the time of `limited` is used up. Never raised outside of such a block.
    """
    if _deadline.at != float("inf") and time.thread_time() > _deadline.at:
        raise OutOfTime
