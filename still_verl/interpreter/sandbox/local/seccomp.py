"""A seccomp filter: a program may only make the system calls that `allowed.py` names.

What makes the difference is that a program stays one process: it can start threads, but neither fork nor execute. A
call of the kernel that is not allowed fails with EPERM, one that is newer than our numbers with ENOSYS, as on an older
kernel; and the program goes on.
"""

import ctypes
import functools
import os
import platform
import struct

from still_verl.interpreter.sandbox.local import allowed, bpf, syscalls
from still_verl.interpreter.sandbox.local.allowed import Ranges

ANY_PID = 0x5CA1AB1E  # no process has such a number
_X32 = 0x40000000  # the second system call table of x86_64
_SET_MODE_FILTER = 2  # of prctl
_BY_CALL, _NEW_LISTENER = 1, 8  # of seccomp


@functools.cache
def program(machine: str, writes: bool, protected: Ranges = ()) -> bytes:
    """Return the filter as BPF instructions, for a process that knows itself as `ANY_PID`.

    Args:
        machine: the kernel's name of the processor.
        writes: whether there is a folder of the program's own.
        protected: memory that stays as it is, see `allowed.looked_at`.

    Raises:
        OSError: the numbers of the processor's calls are not known.
    """
    architecture = syscalls.audit_architecture(machine)
    syscalls.number("clone3", machine)  # raises without the package: an empty table would allow nothing
    table = syscalls.numbers(machine)
    code: bpf.Code = [
        *[bpf.load(bpf.ARCHITECTURE), *bpf.unless_one_of([architecture], bpf.KILL)],
        *[bpf.load(bpf.NUMBER), *bpf.if_greater(_X32 - 1, bpf.KILL)],
    ]
    for name, body in allowed.looked_at(ANY_PID, protected).items():
        if name in table:  # aarch64 lacks some of the older calls
            code += bpf.when_call(table[name], body)
    code += bpf.if_greater(max(table.values()), bpf.ENOSYS)
    numbers = sorted(table[name] for name in allowed.plain(writes) if name in table)
    code += bpf.one_of(numbers, bpf.ALLOW, bpf.EPERM)
    return bpf.assemble(code)


def with_pid(code: bytes, pid: int) -> bytes:
    """Return a filter for the process `pid`. Making one from the start takes milliseconds, and each child needs one."""
    return code.replace(struct.pack("I", ANY_PID), struct.pack("I", pid))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install(writes: bool, protected: Ranges = ()) -> None:
    """Put this process, for the rest of its life, under the filter. It needs no privilege, but no_new_privs first.

    Args:
        writes, protected: as `program` has them.
    """
    code = with_pid(program(platform.machine(), writes, protected), os.getpid())
    syscalls.prctl(syscalls.PR_SET_SECCOMP, _SET_MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)))


def listen_to_threads() -> int:
    """Let a listener decide about each new thread of this process, and return the listener's descriptor.

    Needs no_new_privs first. Until somebody listens, a thread that starts another one waits.

    Raises:
        OSError: the kernel has no listeners.
    """
    machine = platform.machine()
    clone = bpf.when_call(syscalls.number("clone", machine), [bpf.answer(bpf.NOTIFY)])
    code = bpf.assemble([bpf.load(bpf.NUMBER), *clone, bpf.answer(bpf.ALLOW)])
    filter_ = ctypes.byref(_Program(len(code) // 8, code))
    return syscalls.syscall("seccomp", _BY_CALL, _NEW_LISTENER, filter_)
