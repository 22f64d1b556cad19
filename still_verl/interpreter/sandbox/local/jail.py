"""What a process of the sandbox does to itself before it runs a line of a program.

`Cell` is done once, in the fork server: a network without devices and a small read-only file tree. `enter` is done in
each child: what must not be shared between two programs, and what can never be taken back.
"""

import os
import resource
import signal
import sys
import sysconfig

from still_verl.interpreter.sandbox.local import landlock, seccomp, syscalls
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, become_owner

NOBODY = 65534
TMP = "/tmp"
_NEW_TMP = "/new_tmp"
TMP_MB = 64
FILE_MB = 32
_SYSTEM = ["/usr", "/lib", "/lib64", "/lib32", "/bin"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"]
# A tree is built over a directory that exists everywhere and that nothing of the tree lies in.
_SITE = "/proc"
# Flags of a mount that an unprivileged owner must keep when it changes others: (statvfs, mount).
_LOCKED = [(1, 1), (2, 2), (4, 4), (8, 8), (1024, 1024), (2048, 2048), (4096, syscalls.MS_RELATIME)]


def readable_paths() -> list[str]:
    """The system's libraries, this interpreter's, and its installed packages. No home, no data."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    ours = [sysconfig.get_path(name) for name in names] + [os.path.join(sys.base_prefix, "lib")]
    wanted = [path for path in dict.fromkeys([*_SYSTEM, *ours]) if os.path.exists(path)]
    return [path for path in wanted if not any(path.startswith(other + "/") for other in wanted)]


class Cell:
    """The surroundings that all children of this process share. Made once; there must be one thread.

    With namespaces, whoever makes a cell goes on as the first process of a pid namespace of its own: when it ends,
    whatever the reason, the kernel ends everything in there. The process that it was waits for it.
    """

    def __init__(self, mechanisms: Mechanisms) -> None:
        self.mechanisms = mechanisms
        self.readable = readable_paths()
        self.own_bytes = _address_space()  # before /proc is out of sight
        self._own_pid_namespace = -1
        if mechanisms.namespaces:
            become_owner()
            os.umask(0o022)  # a private one would close the tree to its unprivileged children
            _go_on_as_first_process()
            self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS)
            _build_tree(self.readable)
        self.open = landlock.open_paths([*self.readable, *DEVICES])

    def fork(self) -> int:
        """`os.fork`; the child is the first process of a pid namespace, whose end ends all that it may have started."""
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
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def rehearse(mechanisms: Mechanisms) -> None:
    """Make a cell and close a child in it, as the server will. For a throw-away process; raises OSError."""
    cell = Cell(mechanisms)
    pid = cell.fork()
    if pid == 0:
        try:
            enter(cell)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError("a child could not close itself in")


def _build_tree(paths: list[str]) -> None:
    """A file tree of read-only views of `paths`, harmless devices and an empty /tmp becomes this process's only one."""
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
    flags = sum(ours for theirs, ours in _LOCKED if there & theirs)
    flags |= syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("none", target, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | flags)


def enter(cell: Cell) -> None:
    """Isolate this child, for good; what is left is `limit`. Raises OSError when refused."""
    there = cell.mechanisms
    os.setsid()
    if there.namespaces:
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC)
        _mount_tmp(cell.readable)
        os.chdir(TMP)
    else:
        os.chdir("/")
    if there.unprivileged and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if there.namespaces:
        syscalls.unshare(
            syscalls.CLONE_NEWUSER
        )  # nobody is mapped, so nobody can be become; processes are counted anew
        syscalls.drop_capabilities()
    give_up(there, cell.open)


def _mount_tmp(readable: list[str]) -> None:
    """A /tmp of this child's own, empty but for packages that are installed below /tmp."""
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


def give_up(there: Mechanisms, readable: list[landlock.Opened]) -> None:
    """What any process may do to itself, and cannot undo."""
    if syscalls.supported():
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)  # after the last change of user, which would clear it
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    if there.landlock:
        writable = landlock.open_paths([TMP] if there.namespaces else [])
        landlock.restrict(readable, writable)
        landlock.close(writable)
    if there.seccomp:
        seccomp.install()


def limit(address_bytes: int, cpu_seconds: int | None, count_processes: bool) -> None:
    """Limits of the kernel on this process. Output and wall time are watched from outside."""
    limits = {
        resource.RLIMIT_AS: address_bytes,
        resource.RLIMIT_FSIZE: FILE_MB * 2**20,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if count_processes:  # elsewhere the count is of all processes of the user, Ray's among them
        limits[resource.RLIMIT_NPROC] = 32
    if cpu_seconds is not None:
        limits[resource.RLIMIT_CPU] = cpu_seconds
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _address_space() -> int:
    """Bytes that this process has mapped."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
