"""A seccomp filter: the system calls that a program of a model never needs.

A deny list, because an allow list breaks with every glibc. What makes the difference is that a program stays one
process: it can start threads, but neither fork nor execute. A denied call fails with EPERM and the program goes on.

No package is used: libseccomp's bindings need its C library. Numbers are those of linux/unistd.h.
"""

import ctypes
import errno
import functools
import os
import platform
import struct

from still_verl.interpreter.sandbox.local import syscalls

_NEW = {  # Since Linux 5.1 new calls have one number on every processor.
    **dict(pidfd_send_signal=424, io_uring_setup=425, io_uring_enter=426, io_uring_register=427, open_tree=428),
    **dict(move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, pidfd_open=434, pidfd_getfd=438),
    **dict(process_madvise=440, mount_setattr=442, quotactl_fd=443, memfd_secret=447, process_mrelease=448),
}
_DENIED = {
    "x86_64": {
        **dict(ptrace=101, process_vm_readv=310, process_vm_writev=311, kcmp=312, perf_event_open=298, bpf=321),
        **dict(userfaultfd=323, keyctl=250, add_key=248, request_key=249, unshare=272, setns=308, mount=165),
        **dict(umount2=166, pivot_root=155, chroot=161, kexec_load=246, kexec_file_load=320, init_module=175),
        **dict(finit_module=313, delete_module=176, reboot=169, swapon=167, swapoff=168, acct=163, quotactl=179),
        **dict(name_to_handle_at=303, open_by_handle_at=304, syslog=103, settimeofday=164, clock_settime=227),
        **dict(adjtimex=159, clock_adjtime=305, sethostname=170, setdomainname=171, personality=135),
        **dict(socket=41, connect=42, accept=43, bind=49, listen=50, accept4=288, fanotify_init=300),
        **dict(fork=57, vfork=58, execve=59, execveat=322, tkill=200, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297),
        **dict(memfd_create=319, shmget=29, semget=64, msgget=68, mq_open=240, migrate_pages=256, move_pages=279),
        **dict(sched_setaffinity=203, sched_setparam=142, sched_setscheduler=144, sched_setattr=314),
        **dict(setpriority=141, ioprio_set=251, iopl=172, ioperm=173, modify_ldt=154, lookup_dcookie=212),
    },
    "aarch64": {
        **dict(ptrace=117, process_vm_readv=270, process_vm_writev=271, kcmp=272, perf_event_open=241, bpf=280),
        **dict(userfaultfd=282, keyctl=219, add_key=217, request_key=218, unshare=97, setns=268, mount=40),
        **dict(umount2=39, pivot_root=41, chroot=51, kexec_load=104, kexec_file_load=294, init_module=105),
        **dict(finit_module=273, delete_module=106, reboot=142, swapon=224, swapoff=225, acct=89, quotactl=60),
        **dict(name_to_handle_at=264, open_by_handle_at=265, syslog=116, settimeofday=170, clock_settime=112),
        **dict(adjtimex=171, clock_adjtime=266, sethostname=161, setdomainname=162, personality=92),
        **dict(socket=198, connect=203, accept=202, bind=200, listen=201, accept4=242, fanotify_init=262),
        **dict(execve=221, execveat=281, tkill=130, rt_sigqueueinfo=138, rt_tgsigqueueinfo=240),
        **dict(memfd_create=279, shmget=194, semget=190, msgget=186, mq_open=180, migrate_pages=238, move_pages=239),
        **dict(sched_setaffinity=122, sched_setparam=118, sched_setscheduler=119, sched_setattr=274),
        **dict(setpriority=140, ioprio_set=30, lookup_dcookie=18),
    },
}
# (audit architecture, clone, kill, tgkill, prlimit64)
_SPECIAL = {"x86_64": (0xC000003E, 56, 62, 234, 302), "aarch64": (0xC00000B7, 220, 129, 131, 261)}
_CLONE3 = 435
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
    tests = [_op(_JEQ, value, len(values) - i) for i, value in enumerate(values)]
    return [_op(_LOAD, _ARG0), *tests, _op(_RET, _EPERM), _op(_RET, _ALLOW)]


def _refuse(numbers: list[int]) -> list[bytes]:
    """EPERM for `numbers`, which are sorted, by halving: the kernel walks the filter for every call that there is."""
    if len(numbers) <= 3:
        tests = [_op(_JEQ, number, len(numbers) - i) for i, number in enumerate(numbers)]
        return [*tests, _op(_RET, _ALLOW), _op(_RET, _EPERM)]
    middle = len(numbers) // 2
    low, high = _refuse(numbers[:middle]), _refuse(numbers[middle:])
    return [_op(_JGE, numbers[middle], len(low)), *low, *high]


@functools.lru_cache(maxsize=1)  # in a pid namespace of its own every program knows itself as 1
def program(machine: str, pid: int) -> bytes:
    """The filter as BPF instructions, for a process that knows itself as `pid`."""
    arch, clone, kill, tgkill, prlimit = _SPECIAL[machine]
    denied = sorted({*_DENIED[machine].values(), *_NEW.values()})
    thread_only = [_op(_LOAD, _ARG0), _op(_JSET, _CLONE_THREAD, 1), _op(_RET, _EPERM), _op(_RET, _ALLOW)]
    return b"".join(
        [
            *[_op(_LOAD, _ARCH), _op(_JEQ, arch, 1), _op(_RET, _KILL)],
            *[_op(_LOAD, _NR), _op(_JGE, _X32, 0, 1), _op(_RET, _KILL)],
            *_when_call(_CLONE3, [_op(_RET, _ENOSYS)]),  # its flags lie in memory; glibc then takes clone
            *_when_call(clone, thread_only),
            *_when_call(kill, _first_argument_is((pid,))),
            *_when_call(tgkill, _first_argument_is((pid,))),
            *_when_call(prlimit, _first_argument_is((0, pid))),
            *_refuse(denied),
        ]
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install() -> None:
    """Put this process, for the rest of its life, under the filter. It needs no privilege, but no_new_privs first."""
    code = program(platform.machine(), os.getpid())
    syscalls.prctl(syscalls.PR_SET_SECCOMP, 2, ctypes.byref(_Program(len(code) // 8, code)))
