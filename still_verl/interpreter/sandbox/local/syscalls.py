"""The few system calls that Python before 3.12 does not offer. Each raises OSError with the call's name.

Numbers of system calls differ from processor to processor. They come from the package `system-calls`, which takes them
from the kernel's sources. A process that is confined cannot import it any more, so call `numbers` before.
"""

import ctypes
import errno
import functools
import os
import platform

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_RELATIME = 32, 4096, 8192, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 4, 38, 22
_CAPABILITY_VERSION_3 = 0x20080522
# By the kernel's name of a processor: the package's name of it, and AUDIT_ARCH_* of linux/audit.h. The arguments of a
# system call are looked at in `seccomp.py`, which is right for little-endian processors whose `clone` has flags first.
_PROCESSORS = {"x86_64": ("x86_64", 0xC000003E), "aarch64": ("arm64", 0xC00000B7)}

_libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Return whether this is Linux on a processor whose system call numbers are known."""
    return os.uname().sysname == "Linux" and bool(numbers(platform.machine()))


@functools.cache  # children of the fork server find it loaded
def numbers(machine: str) -> dict[str, int]:
    """Return the numbers of the system calls of a processor, by name.

    Empty for a processor that is not known here, and where the package `system-calls` is not installed.
    """
    if machine not in _PROCESSORS:
        return {}
    try:
        import system_calls
    except ImportError:
        return {}
    name, _ = _PROCESSORS[machine]
    return dict(system_calls.syscalls().load_arch_table(name))


@functools.cache
def names() -> frozenset[str]:
    """Return the names of all system calls that the package knows on any processor."""
    import system_calls

    return frozenset(system_calls.syscalls().names())


def number(name: str, machine: str | None = None) -> int:
    """Return the number of a system call, on this processor by default.

    Raises:
        OSError: it is not known.
    """
    found = numbers(machine or platform.machine())
    if name not in found:
        raise OSError(errno.ENOSYS, f"the number of the system call {name} is not known: pip install system-calls")
    return found[name]


def audit_architecture(machine: str) -> int:
    """Return what the kernel calls a processor in the data that a seccomp filter sees.

    Raises:
        OSError: the processor is not known here.
    """
    if machine not in _PROCESSORS:
        raise OSError(errno.ENOSYS, f"system call filters for the processor {machine} are not known here")
    return _PROCESSORS[machine][1]


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(name: str, *args: object) -> int:
    """Make a system call by its name. Integers among `args` are passed as C longs, other values as they are."""
    return _check(_libc.syscall(ctypes.c_long(number(name)), *_widened(args, ctypes.c_long)), name)


def _widened(args: tuple[object, ...], integer: type) -> list[object]:
    """Give integers the width of a register; ctypes would pass a C int, whose upper half is undefined."""
    wide: list[object] = []
    for arg in args:
        wide.append(integer(arg) if isinstance(arg, int) else arg)
    return wide


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` (CLONE_NEW*) name, for new ones."""
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace that `fd` stands for; `kind` is its CLONE_NEW* flag."""
    _check(_libc.setns(fd, kind), "setns")


def prctl(option: int, *args: object) -> None:
    """Set a property (PR_SET_*) of this process; missing arguments are 0."""
    padding = [ctypes.c_ulong(0)] * (4 - len(args))
    _check(_libc.prctl(option, *_widened(args, ctypes.c_ulong), *padding), f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount `source` on `target`, or change a mount, as mount(2) with `flags` (MS_*) says.

    Args:
        kind: the type of the file system; None where the flags need none.
        data: options of the file system.
    """
    args = [ctypes.c_char_p(os.fsencode(source)), ctypes.c_char_p(os.fsencode(target))]
    filesystem = ctypes.c_char_p(kind.encode()) if kind else None
    _check(_libc.mount(*args, filesystem, ctypes.c_ulong(flags), ctypes.c_char_p(data.encode())), f"mount {target}")


def umount(target: str) -> None:
    """Take a mount out of the file tree at once; what is open in it stays open."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make `new_root` the root of this process's file tree, and put the old one on `put_old`."""
    syscall("pivot_root", ctypes.c_char_p(os.fsencode(new_root)), ctypes.c_char_p(os.fsencode(put_old)))


def drop_capabilities() -> None:
    """Give up every capability of this process, in whatever user namespace it is."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    syscall("capset", ctypes.byref(header), ctypes.byref(nothing))
