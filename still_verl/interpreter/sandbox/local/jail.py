"""What a process of the sandbox does to itself before it runs a line of a program.

A `Jail` is made once, in the fork server: a network without devices and a small read-only file tree. `confine` is done
in each child: what must not be shared between two programs, and what can never be taken back.
"""

import os
from collections.abc import Callable

from still_verl.interpreter.sandbox.local import filetree, footprint, landlock, limits, seccomp, syscalls
from still_verl.interpreter.sandbox.local.allowed import Ranges
from still_verl.interpreter.sandbox.local.tiers import FIRST_USER, NOBODY, USERS, Mechanisms, become_owner
from still_verl.processes import children

_USERS_OF_A_SERVER = 4096


class Jail:
    """The surroundings that all children of this process share. Made once; there must be one thread.

    With namespaces, whoever makes a jail goes on as the first process of a pid namespace of its own: when it ends,
    whatever the reason, the kernel ends everything in there. The process that it was waits for it.

    Attributes:
        mechanisms: what isolates children.
        readable: the folders that they may read.
        opened: the same, opened for Landlock.
        writable: what they may write to besides their own /tmp, opened for Landlock.
        footprint: memory that this process takes, and each child at first.
    """

    def __init__(self, mechanisms: Mechanisms) -> None:
        """Build the surroundings around this process.

        Raises:
            OSError: the kernel refuses a part of them.
        """
        self.mechanisms = mechanisms
        self.readable = filetree.readable_paths()
        self.footprint = footprint.measure()
        self._server, self._forks = os.getpid(), 0
        self._own_pid_namespace = -1
        if mechanisms.namespaces:
            become_owner()
            os.umask(0o022)  # a private one would close the tree to its unprivileged children
            _go_on_as_first_process()
            self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS)
        self._score = limits.OutOfMemoryScore()
        if mechanisms.namespaces:
            filetree.build(self.readable)  # from now on there is no /proc
        if mechanisms.seccomp:  # made once, for the children
            seccomp.program(os.uname().machine, mechanisms.namespaces, self.footprint.protected)
        self.opened = landlock.open_paths([*self.readable, *filetree.DEVICES])
        self.writable = landlock.open_paths([filetree.NULL])

    def fork(self) -> int:
        """Fork as `os.fork` does. The child is the first of a pid namespace, whose end ends all that it has started."""
        self._forks += 1
        own_namespace = self.mechanisms.namespaces
        if own_namespace:
            syscalls.unshare(syscalls.CLONE_NEWPID)
        self._score.raise_for_child()
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                self._score.restore()
                if own_namespace:
                    syscalls.setns(self._own_pid_namespace, syscalls.CLONE_NEWPID)
        return pid

    @property
    def user(self) -> int:
        """The user of the child that was forked last: no other one of this machine, where root may choose."""
        if not self.mechanisms.own_user:
            return NOBODY
        return FIRST_USER + (self._server * _USERS_OF_A_SERVER + self._forks % _USERS_OF_A_SERVER) % USERS


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


def confine(jail: Jail, hand_over: Callable[[int], None] = os.close) -> None:
    """Isolate this child, for good; what is left is `limits.limit`.

    Args:
        jail: what it is confined in.
        hand_over: takes the descriptor of a listener for threads, where these are counted, and closes it.

    Raises:
        OSError: the kernel refuses; then no program may run here.
    """
    there = jail.mechanisms
    os.setsid()
    limits.step_back()
    if there.namespaces:
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC)
        filetree.mount_tmp(jail.readable)
        os.chdir(filetree.TMP)
    else:
        os.chdir("/")
    if there.unprivileged and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(jail.user, jail.user, jail.user)
        os.setresuid(jail.user, jail.user, jail.user)
    if there.namespaces:
        # No user is mapped there, so that this process can become nobody else; and processes are counted anew.
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        syscalls.drop_capabilities()
    if there.counts_threads:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        hand_over(seccomp.listen_to_threads())
    drop_privileges(there, jail.opened, jail.writable, jail.footprint.protected)


def drop_privileges(
    there: Mechanisms, readable: list[landlock.Opened], writable: list[landlock.Opened], protected: Ranges = ()
) -> None:
    """Do what any process may do to itself, and cannot undo.

    Args:
        there: what this machine has.
        readable: what this process may read from now on, where there is Landlock.
        writable: what it may write to besides its own /tmp.
        protected: memory that it must leave as it is.

    Raises:
        OSError: the kernel refuses.
    """
    if syscalls.supported():
        limits.count_each_page()
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        children.die_with_parent()  # after the last change of user, which would clear it
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    if there.landlock:
        own = landlock.open_paths([filetree.TMP] if there.namespaces else [])
        landlock.restrict(readable, [*writable, *own], there.landlock)
        landlock.close(own)
    if there.seccomp:
        seccomp.install(there.namespaces, protected)
