"""Landlock: which files a process may open, whatever else it finds. Numbers are those of linux/landlock.h."""

import ctypes
import os
import struct
from dataclasses import dataclass

from still_verl.interpreter.sandbox.local import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_FILE, _EXECUTE, _TRUNCATE = 1 << 1, 1 << 0, 1 << 14
_FILE_RIGHTS = _READ_FILE | _WRITE_FILE | _EXECUTE | _TRUNCATE
_MAKE_DEVICES = 1 << 6 | 1 << 11
_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # how many bits of filesystem rights; 16 from 5 on
_NO_TCP, _NO_ABSTRACT_SOCKETS_OR_SIGNALS = 3, 3


def abi() -> int:
    """Return the version that the kernel offers; 0 when it is absent or switched off."""
    try:
        return syscalls.syscall(_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


@dataclass(frozen=True)
class Opened:
    """A path that rules can be made for; opened once, for many processes."""

    fd: int
    is_directory: bool


def open_paths(paths: list[str]) -> list[Opened]:
    """Open those of `paths` that exist, for `restrict`."""
    places = []
    for path in paths:
        opened = _open(path)
        if opened is not None:
            places.append(opened)
    return places


def _open(path: str) -> Opened | None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    return Opened(fd, os.path.isdir(path))


def close(places: list[Opened]) -> None:
    """Close what `open_paths` opened."""
    for place in places:
        os.close(place.fd)


def restrict(readable: list[Opened], writable: list[Opened], version: int) -> None:
    """Let this process read below `readable` and also write below `writable`, and open nothing else.

    Directories that are open already stay open. Needs no_new_privs.

    Args:
        readable, writable: from `open_paths`.
        version: the kernel's `abi`, or a lower one, to do what an older kernel can.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    rights = (1 << _RIGHTS_OF_ABI.get(version, 16)) - 1
    # struct landlock_ruleset_attr grew with the versions; a kernel refuses fields that it does not know.
    attributes = struct.pack("Q", rights)
    if version >= 4:
        attributes += struct.pack("Q", _NO_TCP)
    if version >= 6:
        attributes += struct.pack("Q", _NO_ABSTRACT_SOCKETS_OR_SIGNALS)
    ruleset = syscalls.syscall(_CREATE_RULESET, ctypes.c_char_p(attributes), len(attributes), 0)
    for place in readable:
        _allow(ruleset, place, _READ_FILE | _READ_DIR)
    for place in writable:
        _allow(ruleset, place, rights & ~_EXECUTE & ~_MAKE_DEVICES)
    syscalls.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, place: Opened, rights: int) -> None:
    if not place.is_directory:
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, place.fd)
    syscalls.syscall(_ADD_RULE, ruleset, 1, ctypes.c_char_p(rule), 0)
