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
    at = float("inf")  # by the processor time of this thread
    not_before = float("inf")  # by the time of day, which is cheaper to ask and passes at least as fast


_deadline = _Deadline()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Let `check` raise once this thread has used so many seconds of processor time inside the block."""
    _deadline.at = time.thread_time() + seconds
    _deadline.not_before = time.perf_counter() + seconds
    try:
        yield
    finally:
        _deadline.at = _deadline.not_before = float("inf")


def check() -> None:
    """Go on, or stop.

    Raises:
        OutOfTime: the time of `limited` is used up. Never raised outside of such a block.
    """
    if time.perf_counter() > _deadline.not_before and time.thread_time() > _deadline.at:
        raise OutOfTime
