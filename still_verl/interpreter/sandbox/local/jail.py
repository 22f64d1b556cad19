"""What a process of the sandbox does to itself before it runs a line of a program.

A `Jail` is made once, in the fork server: a network without devices and a small read-only file tree. `confine` is done
in each child: what must not be shared between two programs, and what can never be taken back.
"""

import os
import platform
import resource
import sys
import sysconfig

from still_verl.interpreter.sandbox.local import landlock, seccomp, syscalls
from still_verl.interpreter.sandbox.local.tiers import NOBODY, Mechanisms, become_owner
from still_verl.processes import children

TMP = "/tmp"
_NEW_TMP = "/new_tmp"
TMP_MB = 64
FILE_MB = 32
PROCESSES = 32  # and threads, of one program
OPEN_FILES = 64
_SYSTEM = ["/usr", "/lib", "/lib64", "/lib32", "/bin"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"]
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


class Jail:
    """The surroundings that all children of this process share. Made once; there must be one thread.

    With namespaces, whoever makes a jail goes on as the first process of a pid namespace of its own: when it ends,
    whatever the reason, the kernel ends everything in there. The process that it was waits for it.

    Attributes:
        mechanisms: what isolates children.
        readable: the folders that they may read.
        opened: the same, opened for Landlock.
        interpreter_bytes: address space that this process takes, and each child at first.
    """

    def __init__(self, mechanisms: Mechanisms) -> None:
        """Build the surroundings around this process.

        Raises:
            OSError: the kernel refuses a part of them.
        """
        self.mechanisms = mechanisms
        self.readable = readable_paths()
        self.interpreter_bytes = children.address_space()  # before /proc is out of sight
        self._own_pid_namespace = -1
        if mechanisms.namespaces:
            become_owner()
            os.umask(0o022)  # a private one would close the tree to its unprivileged children
            _go_on_as_first_process()
            self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS)
            _build_tree(self.readable)
            seccomp.program(platform.machine(), pid=1)  # kept for the children, which all know themselves as 1
        self.opened = landlock.open_paths([*self.readable, *DEVICES])

    def fork(self) -> int:
        """Fork as `os.fork` does. The child is the first of a pid namespace, whose end ends all that it has started."""
        if not self.mechanisms.namespaces:
            return os.fork()
        syscalls.unshare(syscalls.CLONE_NEWPID)
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                syscalls.setns(self._own_pid_namespace, syscalls.CLONE_NEWPID)
        return pid


def _go_on_as_first_process() -> None:
    syscalls.unshare(syscalls.CLONE_NEWPID)
    pid = os.fork()
    if pid:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # the other end must see when the child hangs up
        os._exit(0 if os.waitpid(pid, 0)[1] == 0 else 1)
    children.die_with_parent()


def dry_run(mechanisms: Mechanisms) -> None:
    """Make a jail and confine a child in it, as the server will. For a throw-away process.

    Raises:
        OSError: the kernel refuses a part of it.
    """
    jail = Jail(mechanisms)
    pid = jail.fork()
    if pid == 0:
        try:
            confine(jail)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError("a child could not confine itself")


def _build_tree(paths: list[str]) -> None:
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


def confine(jail: Jail) -> None:
    """Isolate this child, for good; what is left is `limit`.

    Raises:
        OSError: the kernel refuses; then no program may run here.
    """
    there = jail.mechanisms
    os.setsid()
    if there.namespaces:
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC)
        _mount_tmp(jail.readable)
        os.chdir(TMP)
    else:
        os.chdir("/")
    if there.unprivileged and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if there.namespaces:
        # No user is mapped there, so that this process can become nobody else; and processes are counted anew.
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        syscalls.drop_capabilities()
    drop_privileges(there, jail.opened)


def _mount_tmp(readable: list[str]) -> None:
    """Make a /tmp of this child's own, empty but for packages that are installed below /tmp."""
    below = [path for path in readable if path.startswith(TMP + "/") and not os.path.islink(path)]
    place = _NEW_TMP if below else TMP
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("tmpfs", place, "tmpfs", flags, f"mode=1777,size={TMP_MB}m,nr_inodes=4096")
    for path in below:
        target = place + path.removeprefix(TMP)
        os.makedirs(target)
        syscalls.mount(path, target, None, syscalls.MS_BIND)
    if below:
        syscalls.mount(place, TMP, None, syscalls.MS_MOVE)


def drop_privileges(there: Mechanisms, readable: list[landlock.Opened]) -> None:
    """Do what any process may do to itself, and cannot undo.

    Args:
        there: what this machine has.
        readable: what this process may read from now on, where there is Landlock.

    Raises:
        OSError: the kernel refuses.
    """
    if syscalls.supported():
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        children.die_with_parent()  # after the last change of user, which would clear it
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    if there.landlock:
        writable = landlock.open_paths([TMP] if there.namespaces else [])
        landlock.restrict(readable, writable)
        landlock.close(writable)
    if there.seccomp:
        seccomp.install()


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
    }
    if count_processes:  # elsewhere the count is of all processes of the user, Ray's among them
        limits[resource.RLIMIT_NPROC] = PROCESSES
    if cpu_seconds is not None:
        limits[resource.RLIMIT_CPU] = cpu_seconds
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
