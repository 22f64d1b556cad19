"""The few system calls that Python before 3.12 does not offer. Each raises OSError with the call's name."""

import ctypes
import os
import platform

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_RELATIME = 32, 4096, 8192, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 4, 38, 22
_CAPABILITY_VERSION_3 = 0x20080522
# (pivot_root, capset); the numbers of Landlock, 444 to 446, are the same everywhere.
_NUMBERS = {"x86_64": (155, 126), "aarch64": (41, 91)}

_libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether this is Linux on a processor whose system call numbers are known here."""
    return os.uname().sysname == "Linux" and platform.machine() in _NUMBERS


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(what: str, number: int, *args: object) -> int:
    wide = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return _check(_libc.syscall(ctypes.c_long(number), *wide), what)


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    _check(_libc.setns(fd, kind), "setns")


def prctl(option: int, *args: object) -> None:
    wide = [ctypes.c_ulong(arg) if isinstance(arg, int) else arg for arg in args]
    padding = [ctypes.c_ulong(0)] * (4 - len(args))
    _check(_libc.prctl(option, *wide, *padding), f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    args = [ctypes.c_char_p(os.fsencode(source)), ctypes.c_char_p(os.fsencode(target))]
    filesystem = ctypes.c_char_p(kind.encode()) if kind else None
    _check(_libc.mount(*args, filesystem, ctypes.c_ulong(flags), ctypes.c_char_p(data.encode())), f"mount {target}")


def umount(target: str) -> None:
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    number = _NUMBERS[platform.machine()][0]
    syscall("pivot_root", number, ctypes.c_char_p(os.fsencode(new_root)), ctypes.c_char_p(os.fsencode(put_old)))


def drop_capabilities() -> None:
    """Give up every capability of this process, in whatever user namespace it is."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    syscall("capset", _NUMBERS[platform.machine()][1], ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
