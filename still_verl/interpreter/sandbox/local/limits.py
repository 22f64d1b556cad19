"""The kernel's limits on a process of the sandbox, and its place behind all other work of the machine."""

import os
import resource

from still_verl.interpreter.sandbox.local import syscalls

FILE_MB = 12
PROCESSES = 32  # and threads, of one program
OPEN_FILES = 64
_NICE = 5
_FIRST_TO_BE_KILLED = b"1000"
_THP_DISABLE = 41  # of prctl


def limit(address_bytes: int, cpu_seconds: int | None, count_processes: bool) -> None:
    """Set the kernel's limits on this process. Output and wall time are watched from outside.

    Args:
        address_bytes: of address space, the interpreter's included.
        cpu_seconds: of processor time; None is without end.
        count_processes: limit their number too.
    """
    limits = {
        resource.RLIMIT_AS: address_bytes,
        resource.RLIMIT_FSIZE: FILE_MB * 2**20,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: PROCESSES,
    }
    if count_processes:  # elsewhere the count is of all processes of the user, Ray's among them
        limits[resource.RLIMIT_NPROC] = PROCESSES
    if cpu_seconds is not None:
        limits[resource.RLIMIT_CPU] = cpu_seconds
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def step_back() -> None:
    """Let other processes go first for the processor."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))


class OutOfMemoryScore:
    """Makes the kernel end the children of this process before others when the machine is out of memory.

    A child inherits its parent's score and has no way back. If each child wrote its own, the kernel would take longer
    for it than many a program runs. Best effort: what the kernel refuses changes nothing else.
    """

    def __init__(self) -> None:
        """Open this process's own score; /proc must be in sight."""
        self._own = b"0"
        self._file = -1
        try:
            self._file = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
            self._own = os.pread(self._file, 16, 0)
        except OSError:
            pass

    def raise_for_child(self) -> None:
        """Let the next child be the first to be killed. Call `restore` in the parent after the fork."""
        self._set(_FIRST_TO_BE_KILLED)

    def restore(self) -> None:
        """Take the own score back."""
        self._set(self._own)

    def _set(self, score: bytes) -> None:
        try:
            os.pwrite(self._file, score, 0)
        except OSError:
            pass


def count_each_page() -> None:
    """Use no huge pages from now on: then each page that a program writes to is one fault, which can be counted."""
    try:
        syscalls.prctl(_THP_DISABLE, 1)
    except OSError:
        pass
