"""Landlock: which files a process may open, whatever else it finds. Numbers are those of linux/landlock.h."""

import ctypes
import os
import struct
from dataclasses import dataclass

from still_verl.interpreter.sandbox.local import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_FILE, _EXECUTE, _TRUNCATE = 1 << 1, 1 << 0, 1 << 14
_FILE_RIGHTS = _READ_FILE | _WRITE_FILE | _EXECUTE | _TRUNCATE
_MAKE_DEVICES = 1 << 6 | 1 << 11
_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # how many bits of filesystem rights; 16 from 5 on
_NO_TCP, _NO_ABSTRACT_SOCKETS_OR_SIGNALS = 3, 3


def abi() -> int:
    """Version that the kernel offers; 0 when it is absent or switched off."""
    try:
        return syscalls.syscall("landlock", _CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


@dataclass(frozen=True)
class Opened:
    """A path that rules can be made for; opened once, for many processes."""

    fd: int
    is_directory: bool


def open_paths(paths: list[str]) -> list[Opened]:
    """Those of `paths` that exist, for `restrict`."""
    return [opened for path in paths if (opened := _open(path)) is not None]


def _open(path: str) -> Opened | None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    return Opened(fd, os.path.isdir(path))


def close(places: list[Opened]) -> None:
    for place in places:
        os.close(place.fd)


def restrict(readable: list[Opened], writable: list[Opened]) -> None:
    """Let this process read below `readable` and also write below `writable`, and open nothing else.

    Directories that are open already stay open. Needs no_new_privs.
    """
    version = abi()
    rights = (1 << _RIGHTS_OF_ABI.get(version, 16)) - 1
    net, scope = (_NO_TCP if version >= 4 else 0), (_NO_ABSTRACT_SOCKETS_OR_SIGNALS if version >= 6 else 0)
    attributes = struct.pack("QQQ", rights, net, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = syscalls.syscall("landlock", _CREATE_RULESET, ctypes.c_char_p(attributes), len(attributes), 0)
    for place in readable:
        _allow(ruleset, place, _READ_FILE | _READ_DIR)
    for place in writable:
        _allow(ruleset, place, rights & ~_EXECUTE & ~_MAKE_DEVICES)
    syscalls.syscall("landlock", _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, place: Opened, rights: int) -> None:
    if not place.is_directory:
        rights &= _FILE_RIGHTS
    syscalls.syscall("landlock", _ADD_RULE, ruleset, 1, ctypes.c_char_p(struct.pack("=Qi", rights, place.fd)), 0)
