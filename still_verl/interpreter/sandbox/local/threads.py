"""Counts the threads of a program where the kernel would count those of all programs of the user together.

The filter of such a child stops it when it starts a thread (`seccomp.listen_to_threads`). The kernel then asks the
server, which looks how many there are and lets the child go on, or fails the call.
"""

import errno
import fcntl
import os
import struct

from still_verl.interpreter.sandbox.local.limits import PROCESSES

# linux/seccomp.h: the ioctls SECCOMP_IOCTL_NOTIF_RECV and _SEND, and what they take.
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION_BYTES = 80
_ANSWER = struct.Struct("QqiI")  # id, value, error, flags
_GO_ON = 1
_MOST = 5000  # threads one after another: each takes time of the server, which others wait for


class ThreadCounter:
    """Answers one child's requests for threads."""

    def __init__(self, listener: int, pid: int) -> None:
        """Take over a listener's descriptor; `pid` is the child."""
        self.listener = listener
        self._pid = pid
        self._started = 0

    def answer(self) -> None:
        """Answer one request; wait for it if there is none."""
        question = bytearray(_QUESTION_BYTES)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, question)
        except OSError:  # the child was killed meanwhile
            return
        (identity,) = struct.unpack_from("Q", question)
        self._started += 1
        if self._started <= _MOST and self._threads() < PROCESSES:
            verdict = _ANSWER.pack(identity, 0, 0, _GO_ON)
        else:
            verdict = _ANSWER.pack(identity, 0, -errno.EAGAIN, 0)
        try:
            fcntl.ioctl(self.listener, _SEND, verdict)
        except OSError:
            pass

    def _threads(self) -> int:
        """Return how many there are; the folder has a link for each, and two of its own."""
        try:
            return os.stat(f"/proc/{self._pid}/task").st_nlink - 2
        except OSError:
            return PROCESSES  # it has ended, or nobody can tell

    def close(self) -> None:
        """Stop listening; a thread that asks then gets an error."""
        os.close(self.listener)
