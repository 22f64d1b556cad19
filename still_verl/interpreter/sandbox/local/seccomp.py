"""A seccomp filter: the system calls that a program of a model never needs.

A deny list, because an allow list breaks with every glibc. What makes the difference is that a program stays one
process: it can start threads, but neither fork nor execute. A denied call fails with EPERM and the program goes on.

The instructions are made here: libseccomp's bindings need its C library. Numbers come from `syscalls.numbers`.
"""

import ctypes
import errno
import functools
import os
import platform
import struct
from collections.abc import Sequence

from still_verl.interpreter.sandbox.local import syscalls

_DENIED_GROUPS = (
    # To see and change other processes.
    "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open pidfd_getfd",
    "pidfd_send_signal tkill rt_sigqueueinfo rt_tgsigqueueinfo migrate_pages move_pages",
    # To become more than one process.
    "fork vfork execve execveat",
    # To schedule itself before others.
    "sched_setaffinity sched_setparam sched_setscheduler sched_setattr setpriority ioprio_set",
    # To make namespaces and mounts.
    "unshare setns mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick",
    "mount_setattr",
    # To reach the network.
    "socket connect accept accept4 bind listen",
    # To leave memory and messages behind.
    "memfd_create memfd_secret shmget semget msgget mq_open keyctl add_key request_key",
    # To open files past their permissions, and watch them.
    "name_to_handle_at open_by_handle_at fanotify_init lookup_dcookie",
    # To reach large parts of the kernel, where most of its faults were.
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register personality modify_ldt",
    # To administer the machine.
    "kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff acct quotactl",
    "quotactl_fd syslog settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname iopl ioperm",
)
# By name. A processor has some of them only: the older calls have newer names on aarch64.
DENIED = frozenset(" ".join(_DENIED_GROUPS).split())

_X32 = 0x40000000  # the second system call table of x86_64
_CLONE_THREAD = 0x00010000

_LOAD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARG0 = 0, 4, 16  # offsets in struct seccomp_data; the low half of the first argument
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS


def _op(code: int, k: int, true: int = 0, false: int = 0) -> bytes:
    return struct.pack("HBBI", code, true, false, k)


def _when_call(number: int, body: list[bytes]) -> list[bytes]:
    """`body`, which must return, for one system call; skipped for others."""
    return [_op(_JEQ, number, 0, len(body)), *body]


def _first_argument_is(values: tuple[int, ...]) -> list[bytes]:
    """EPERM unless the first argument is one of `values`."""
    return [_op(_LOAD, _ARG0), *_is_one_of(values), _op(_RET, _EPERM), _op(_RET, _ALLOW)]


def _is_one_of(values: Sequence[int]) -> list[bytes]:
    """Jump over the instruction that follows when what was loaded is one of `values`."""
    tests = []
    for index, value in enumerate(values):
        tests.append(_op(_JEQ, value, len(values) - index))
    return tests


def _refuse(numbers: list[int]) -> list[bytes]:
    """EPERM for `numbers`, which are sorted, by halving: the kernel walks the filter for every call that there is."""
    if len(numbers) <= 3:
        return [*_is_one_of(numbers), _op(_RET, _ALLOW), _op(_RET, _EPERM)]
    middle = len(numbers) // 2
    low, high = _refuse(numbers[:middle]), _refuse(numbers[middle:])
    return [_op(_JGE, numbers[middle], len(low)), *low, *high]


@functools.lru_cache(maxsize=1)  # in a pid namespace of its own every program knows itself as 1
def program(machine: str, pid: int) -> bytes:
    """Return the filter as BPF instructions, for a process that knows itself as `pid`.

    Raises:
        OSError: the numbers of a call are not known for this processor, so that no filter would be complete.
    """
    arch = syscalls.audit_architecture(machine)
    clone, clone3 = syscalls.number("clone", machine), syscalls.number("clone3", machine)
    kill, tgkill = syscalls.number("kill", machine), syscalls.number("tgkill", machine)
    prlimit = syscalls.number("prlimit64", machine)
    thread_only = [_op(_LOAD, _ARG0), _op(_JSET, _CLONE_THREAD, 1), _op(_RET, _EPERM), _op(_RET, _ALLOW)]
    return b"".join(
        [
            *[_op(_LOAD, _ARCH), _op(_JEQ, arch, 1), _op(_RET, _KILL)],
            *[_op(_LOAD, _NR), _op(_JGE, _X32, 0, 1), _op(_RET, _KILL)],
            *_when_call(clone3, [_op(_RET, _ENOSYS)]),  # its flags lie in memory; glibc then takes clone
            *_when_call(clone, thread_only),
            *_when_call(kill, _first_argument_is((pid,))),
            *_when_call(tgkill, _first_argument_is((pid,))),
            *_when_call(prlimit, _first_argument_is((0, pid))),
            *_refuse(_denied_numbers(machine)),
        ]
    )


def _denied_numbers(machine: str) -> list[int]:
    """The numbers of those of `DENIED` that the processor has, sorted."""
    table = syscalls.numbers(machine)
    found = []
    for name in DENIED:
        if name in table:
            found.append(table[name])
        elif name not in syscalls.names():  # left out in silence, the call would be allowed
            raise OSError(errno.ENOSYS, f"system-calls does not know {name}: pip install --upgrade system-calls")
    return sorted(found)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install() -> None:
    """Put this process, for the rest of its life, under the filter. It needs no privilege, but no_new_privs first."""
    code = program(platform.machine(), os.getpid())
    syscalls.prctl(syscalls.PR_SET_SECCOMP, 2, ctypes.byref(_Program(len(code) // 8, code)))
