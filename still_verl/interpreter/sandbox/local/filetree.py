"""The file tree that programs see where there are mount namespaces, and which folders they may read in any case."""

import os
import sys
import sysconfig

from still_verl.interpreter.sandbox.local import syscalls

TMP = "/tmp"
_NEW_TMP = "/new_tmp"
TMP_MB = 16
_TMP_FILES = 1024
_SYSTEM = ["/usr", "/lib", "/lib64", "/lib32", "/bin"]
NULL = "/dev/null"  # the only device that programs may write to
DEVICES = [NULL, "/dev/random", "/dev/urandom"]  # /dev/zero can be mapped: memory that several can share
# A tree is built over a directory that exists everywhere and that nothing of the tree lies in.
_SITE = "/proc"
# Flags of a mount that an unprivileged owner must keep when it changes others: (statvfs, mount).
_LOCKED = [(1, 1), (2, 2), (4, 4), (8, 8), (1024, 1024), (2048, 2048), (4096, syscalls.MS_RELATIME)]


def readable_paths() -> list[str]:
    """Return where the system's and this interpreter's libraries and packages are. No home, no data."""
    wanted = list(_SYSTEM)
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        wanted.append(sysconfig.get_path(name))
    wanted.append(os.path.join(sys.base_prefix, "lib"))
    found: list[str] = []
    for path in wanted:
        if os.path.exists(path) and path not in found:
            found.append(path)
    return _outermost(found)


def _outermost(paths: list[str]) -> list[str]:
    """Return those of `paths` that lie below no other one."""
    kept = []
    for path in paths:
        parents = tuple(other + "/" for other in paths)
        if not path.startswith(parents):
            kept.append(path)
    return kept


def build(paths: list[str]) -> None:
    """Make a tree of read-only views of `paths`, harmless devices and an empty /tmp the only one of this process."""
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", _SITE, "tmpfs", syscalls.MS_NOSUID, "mode=755,size=1m")
    for path in paths:
        if os.path.islink(path):
            os.symlink(os.readlink(path), _SITE + path)
        else:
            os.makedirs(_SITE + path)
            _bind_read_only(path, _SITE + path)
    os.makedirs(_SITE + "/dev")
    for device in DEVICES:
        os.close(os.open(_SITE + device, os.O_CREAT | os.O_WRONLY, 0o666))
        syscalls.mount(device, _SITE + device, None, syscalls.MS_BIND)
    for folder in (TMP, _NEW_TMP):
        os.makedirs(_SITE + folder, exist_ok=True)
    os.chdir(_SITE)
    syscalls.pivot_root(".", ".")
    syscalls.umount(".")  # the old tree lies on top of the new one
    os.chdir("/")
    syscalls.mount("none", "/", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | syscalls.MS_NOSUID)


def _bind_read_only(source: str, target: str) -> None:
    syscalls.mount(source, target, None, syscalls.MS_BIND | syscalls.MS_REC)
    there = os.statvfs(source).f_flag
    flags = syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV
    for theirs, ours in _LOCKED:
        if there & theirs:
            flags |= ours
    syscalls.mount("none", target, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | flags)


def mount_tmp(readable: list[str]) -> None:
    """Make a /tmp of this child's own, empty but for packages that are installed below /tmp."""
    below = [path for path in readable if path.startswith(TMP + "/") and not os.path.islink(path)]
    place = _NEW_TMP if below else TMP
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("tmpfs", place, "tmpfs", flags, f"mode=1777,size={TMP_MB}m,nr_inodes={_TMP_FILES}")
    for path in below:
        target = place + path.removeprefix(TMP)
        os.makedirs(target)
        syscalls.mount(path, target, None, syscalls.MS_BIND)
    if below:
        syscalls.mount(place, TMP, None, syscalls.MS_MOVE)
