"""Which isolation this machine gives, by trying it, and what is enough to run a program.

Everything is tried in forked children of the fork server, which has one thread. Nothing is inferred from versions:
Docker's default seccomp, gVisor and Kubernetes answer for themselves.
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from still_verl.interpreter.sandbox.base import TIERS, SandboxUnavailable, Tier
from still_verl.interpreter.sandbox.local import landlock, seccomp, syscalls

HOW_TO_ENABLE = (
    "outside containers: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; "
    "Docker: --security-opt seccomp=unconfined; see docs/sandbox.md"
)


@dataclass(frozen=True)
class Mechanisms:
    """What is there. `missing()` names what is not.

    Attributes:
        user, pid, net, mount: namespaces of that kind.
        seccomp: system call filters.
        landlock: its version, 0 when absent.
        unprivileged: programs do not run as root, because this process is not or can become nobody.
    """

    user: bool
    pid: bool
    net: bool
    mount: bool
    seccomp: bool
    landlock: int
    unprivileged: bool

    @property
    def namespaces(self) -> bool:
        """They are used together or not at all."""
        return self.user and self.pid and self.net and self.mount

    @property
    def tier(self) -> Tier:
        """full: all of it. reduced: a system call filter, and either namespaces or Landlock. none: less than that."""
        if not (self.seccomp and self.unprivileged and (self.namespaces or self.landlock)):
            return "none"
        return "full" if self.namespaces and self.landlock else "reduced"

    def missing(self) -> list[str]:
        names = {"user": "user namespaces", "pid": "pid namespaces", "net": "net namespaces"}
        names |= {"mount": "mount namespaces", "landlock": "Landlock", "unprivileged": "a user that is not root"}
        return [names.get(name, name) for name, there in asdict(self).items() if not there]

    def without(self, *names: str) -> "Mechanisms":
        """The same machine where some are absent; for tests, and to measure what one of them costs."""
        absent: dict[str, bool] = {name: False for name in names}
        return replace(self, **absent)


NOTHING = Mechanisms(False, False, False, False, False, 0, os.geteuid() != 0)


def probe() -> Mechanisms:
    """Try each mechanism. Call it where there is one thread only."""
    if not syscalls.supported():
        return NOTHING
    return Mechanisms(
        user=works(lambda: syscalls.unshare(syscalls.CLONE_NEWUSER)),
        pid=works(lambda: _unshare_as_owner(syscalls.CLONE_NEWPID)),
        net=works(lambda: _unshare_as_owner(syscalls.CLONE_NEWNET)),
        mount=works(_mount_a_tmpfs),
        seccomp=works(_filter_a_call),
        landlock=landlock.abi() if works(_shut_the_files) else 0,
        unprivileged=os.geteuid() != 0 or works(lambda: os.setresuid(65534, 65534, 65534)),
    )


def require(mechanisms: Mechanisms, minimum: Tier, allow_unsandboxed: bool) -> None:
    """`SandboxUnavailable` when the tier is below the minimum; tier none needs `allow_unsandboxed` besides."""
    tier = mechanisms.tier
    if tier == "none" and allow_unsandboxed:
        return
    if tier == "none" or TIERS.index(tier) < TIERS.index(minimum):
        raise SandboxUnavailable(
            f"the sandbox's tier here is {tier}, minimum_tier={minimum}; missing: {', '.join(mechanisms.missing())}. "
            f"Enable it ({HOW_TO_ENABLE}), lower minimum_tier, or set allow_unsandboxed=true on a throw-away machine"
        )


def works(attempt: Callable[[], object]) -> bool:
    """Whether it ends without an exception in a forked child, which it may do anything to."""
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def become_owner() -> None:
    """Without root: a user namespace of our own, in which we may make the others."""
    if os.geteuid() == 0:
        return
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def _unshare_as_owner(flag: int) -> None:
    become_owner()
    syscalls.unshare(flag)


def _mount_a_tmpfs() -> None:
    _unshare_as_owner(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", "/proc", "tmpfs", syscalls.MS_NOSUID)


def _filter_a_call() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install()
    try:
        syscalls.unshare(0)
    except PermissionError:
        return
    raise OSError("the filter does not filter")


def _shut_the_files() -> None:
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict([], [])
    try:
        os.open("/", os.O_RDONLY)
    except PermissionError:
        return
    raise OSError("Landlock does not lock")
