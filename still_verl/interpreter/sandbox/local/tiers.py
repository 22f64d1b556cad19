"""Finds which isolation this machine offers, by trying it, and decides whether it is enough to run a program.

Everything is tried in forked children of the fork server, which has one thread. Nothing is inferred from versions, so
the result is right under Docker's default seccomp, gVisor and Kubernetes, too.
"""

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from still_verl.interpreter.sandbox.base import TIERS, SandboxUnavailable, Tier
from still_verl.interpreter.sandbox.local import landlock, seccomp, syscalls

HOW_TO_ENABLE = (
    "outside containers: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; "
    "Docker: --security-opt seccomp=unconfined; see docs/sandbox.md"
)


NOBODY = 65534  # the user and group that programs run as
FIRST_USER, USERS = 1_879_048_192, 2**28  # where root may choose: numbers that systemd and containers leave alone
SCOPED = 6  # the version of Landlock from which on it keeps signals and sockets inside, Linux 6.12
_NUMBERS = f"system call numbers for {platform.machine()} (pip install system-calls)"
_IN_WORDS = {
    "numbers": _NUMBERS,
    "user": "user namespaces",
    "pid": "pid namespaces",
    "net": "net namespaces",
    "mount": "mount namespaces",
    "landlock": "Landlock",
    "unprivileged": "a user that is not root",
    "own_user": "a user of its own for each program (start as root)",
    "counts_threads": "a listener that counts threads",
}


@dataclass(frozen=True)
class Mechanisms:
    """What isolates programs on a machine.

    Attributes:
        numbers: numbers of system calls are known, which the others need.
        user, pid, net, mount: namespaces of that kind.
        seccomp: system call filters.
        landlock: its version, 0 when absent.
        unprivileged: programs do not run as root, because this process is not or can become another user.
        own_user: each program runs as a user of its own.
        counts_threads: the server is asked for each new thread, where the kernel counts those of all programs together.
    """

    numbers: bool
    user: bool
    pid: bool
    net: bool
    mount: bool
    seccomp: bool
    landlock: int
    unprivileged: bool
    own_user: bool = False
    counts_threads: bool = False

    @classmethod
    def nothing(cls) -> "Mechanisms":
        """Describe a machine on which nothing was even tried."""
        return cls(
            numbers=syscalls.supported(),
            user=False,
            pid=False,
            net=False,
            mount=False,
            seccomp=False,
            landlock=0,
            unprivileged=os.geteuid() != 0,
        )

    @classmethod
    def everything(cls) -> "Mechanisms":
        """Describe a process whose namespaces and user another program has set up, with what this kernel offers."""
        return cls(
            numbers=True,
            user=True,
            pid=True,
            net=True,
            mount=True,
            seccomp=True,
            landlock=landlock.abi(),
            unprivileged=True,
        )

    @property
    def namespaces(self) -> bool:
        """Whether there are namespaces. They are used together or not at all."""
        return self.user and self.pid and self.net and self.mount

    @property
    def tier(self) -> Tier:
        """full: all of it. reduced: a system call filter, and namespaces or a Landlock that keeps signals inside.

        basic: a filter and an older Landlock, so that some things are kept from programs by the filter alone. none:
        less than that.
        """
        if not (self.seccomp and self.unprivileged and (self.namespaces or self.landlock)):
            return "none"
        if self.namespaces and self.landlock:
            return "full"
        if self.namespaces or self.landlock >= SCOPED:
            return "reduced"
        return "basic"

    def missing(self) -> list[str]:
        """Name what is not there, in words."""
        found = []
        for name, there in asdict(self).items():
            if name == "counts_threads" and self.kernel_counts_processes:
                continue
            if not there:
                found.append(_IN_WORDS.get(name, name))
        if not self.namespaces and 0 < self.landlock < SCOPED:
            found.append(f"Landlock {SCOPED}, Linux 6.12 (here {self.landlock})")
        return found

    @property
    def kernel_counts_processes(self) -> bool:
        """Whether the kernel counts the threads of one program apart from those of all others."""
        return self.namespaces or self.own_user

    def without(self, *names: str, landlock_abi: int | None = None) -> "Mechanisms":
        """Return the same machine where some are absent; for tests, and to measure what one of them costs.

        Args:
            names: of fields.
            landlock_abi: the highest version of Landlock that is used; None is the kernel's.
        """
        found = replace(self, **dict.fromkeys(names, False))
        if landlock_abi is not None:
            found = replace(found, landlock=min(found.landlock, landlock_abi))
        return replace(found, counts_threads=found.counts_threads and not found.kernel_counts_processes)


def probe() -> Mechanisms:
    """Try each mechanism. Call it where there is one thread only."""
    if not syscalls.supported():
        return Mechanisms.nothing()
    return Mechanisms(
        numbers=True,
        user=works(_unshare_users),
        pid=works(_unshare_processes),
        net=works(_unshare_network),
        mount=works(_mount_a_tmpfs),
        seccomp=works(_filter_a_call),
        landlock=landlock.abi() if works(_shut_the_files) else 0,
        unprivileged=os.geteuid() != 0 or works(_become_nobody),
        own_user=os.geteuid() == 0 and works(_become_one_of_many),
        counts_threads=works(_listen_to_threads),
    )


def require(mechanisms: Mechanisms, minimum: Tier, allow_unsandboxed: bool) -> None:
    """Refuse a machine that isolates less than `minimum`; tier none needs `allow_unsandboxed` besides.

    Raises:
        SandboxUnavailable: names the tier, what is missing and how to enable it.
    """
    tier = mechanisms.tier
    if tier == "none" and allow_unsandboxed:
        return
    if tier == "none" or TIERS.index(tier) < TIERS.index(minimum):
        raise SandboxUnavailable(
            f"the sandbox's tier here is {tier}, minimum_tier={minimum}; missing: {', '.join(mechanisms.missing())}. "
            f"Enable it ({HOW_TO_ENABLE}), lower minimum_tier, or set allow_unsandboxed=true on a throw-away machine"
        )


def works(attempt: Callable[[], object]) -> bool:
    """Return whether `attempt` ends without an exception in a forked child, which it may do anything to."""
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def become_owner() -> None:
    """Enter a new user namespace, in which this process may make the others; root needs none."""
    if os.geteuid() == 0:
        return
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    # Without "deny" an unprivileged process may not write gid_map.
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _unshare_users() -> None:
    syscalls.unshare(syscalls.CLONE_NEWUSER)


def _unshare_processes() -> None:
    become_owner()
    syscalls.unshare(syscalls.CLONE_NEWPID)


def _unshare_network() -> None:
    become_owner()
    syscalls.unshare(syscalls.CLONE_NEWNET)


def _become_nobody() -> None:
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _become_one_of_many() -> None:
    """In a container whose users are mapped, most numbers do not exist."""
    for user in (FIRST_USER, FIRST_USER + USERS - 1):
        if os.fork() == 0:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os._exit(0)
        if os.wait()[1] != 0:
            raise OSError(f"user {user} does not exist here")


def _listen_to_threads() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.listen_to_threads()


def _mount_a_tmpfs() -> None:
    become_owner()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", "/proc", "tmpfs", syscalls.MS_NOSUID)


def _filter_a_call() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(writes=True)
    try:
        syscalls.unshare(0)
    except PermissionError:
        return
    raise OSError("the filter does not filter")


def _shut_the_files() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict([], [], landlock.abi())
    try:
        os.open("/", os.O_RDONLY)
    except PermissionError:
        return
    raise OSError("Landlock does not lock")
