"""Which system calls a program may make: those of Python and its usual packages, and of these only what is harmless.

An allow list: what the kernel learns tomorrow is refused. The numbers below are those of the kernel's headers
(asm-generic), the same on x86_64 and aarch64.
"""

from collections.abc import Iterable

from still_verl.interpreter.sandbox.local import bpf
from still_verl.interpreter.sandbox.local.bpf import ALLOW, DONE, EINVAL, ENOSYS, ENOTTY, EPERM, Code, Label

Ranges = tuple[tuple[int, int], ...]  # of memory: the first address, and the address behind the last one

_GROUPS = (
    # Files that are open, and reading others.
    "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close lseek sendfile copy_file_range",
    "stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents getdents64 statfs",
    "fstatfs getcwd chdir fchdir umask dup dup2 dup3 pipe pipe2",
    # Waiting.
    "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd",
    "eventfd2 signalfd signalfd4 timerfd_settime timerfd_gettime nanosleep pause wait4 waitid restart_syscall",
    # A pair of sockets, as event loops use one to wake themselves.
    "recvfrom recvmsg shutdown getsockopt getsockname getpeername",
    # Threads, signals, memory, time, and what a process knows of itself.
    "futex sched_yield set_robust_list set_tid_address rseq membarrier exit exit_group gettid getpid getppid",
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack",
    "brk getrandom uname sysinfo getcpu getrusage times getrlimit setrlimit getitimer setitimer alarm time",
    "gettimeofday getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp sched_get_priority_max",
    "sched_get_priority_min",
)
# Only where there is a folder of the program's own to write to.
_WRITING = (
    "creat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat truncate "
    "ftruncate fallocate chmod fchmod fchmodat fchmodat2 utime utimes utimensat futimesat getxattr lgetxattr fgetxattr "
    "listxattr llistxattr flistxattr"
)
# What these write is in memory already; for a file of the machine they would make its disk busy. And nobody else has
# this process's files: a lock on one of the machine's would be in the way of others, or a message to them.
_NOTHING_TO_DO = "fsync fdatasync sync_file_range msync fadvise64 flock"
# By their first argument, a process id: only of this process.
_OF_THIS_PROCESS = "getpgid getsid sched_getaffinity sched_getscheduler sched_getparam prlimit64"
_OF_A_CLOCK = "clock_gettime clock_getres clock_nanosleep timerfd_create"
_MAX_CLOCK = 15  # others are clocks of any process of the machine

# clone: exactly a thread. One with descriptors of its own could hold as many again.
_THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000  # VM, FS, FILES, SIGHAND, THREAD, SYSVSEM
_THREAD_MAY = 0x80000 | 0x100000 | 0x200000 | 0x400000 | 0x1000000  # SETTLS, *_SETTID, CHILD_CLEARTID, DETACHED
_O_TRUNC, _ACCESS_MODE = 0x200, 3
_FIXED, _GROWS_DOWN, _HUGETLB = 0x10, 0x100, 0x40000  # of mmap
_PROT_WRITE, _MAY_MOVE = 2, 1
# NORMAL RANDOM SEQUENTIAL WILLNEED DONTNEED FREE DONTFORK DOFORK DONTDUMP DODUMP POPULATE_READ POPULATE_WRITE
_ADVICE = (0, 1, 2, 3, 4, 8, 10, 11, 16, 17, 22, 23)
_DUPFD, _GETFD, _SETFD, _GETFL, _SETFL, _DUPFD_CLOEXEC, _GETPIPE_SZ = 0, 1, 2, 3, 4, 1030, 1032
# GETLK SETLK SETLKW and those of open files. Nobody else has this process's files; each lock would take memory that
# no limit counts.
_LOCKS = (5, 6, 7, 36, 37, 38)
_O_ASYNC = 0x2000
# TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_SET_NAME, _GET_NAME = 15, 16
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0x80000 | 0x800
_UNSHARE = 2  # of close_range


def plain(writes: bool) -> set[str]:
    """Return the names of the calls that are allowed whatever their arguments are."""
    names = set(" ".join(_GROUPS).split())
    if writes:
        names |= set(_WRITING.split())
    return names


def looked_at(pid: int, protected: Ranges) -> dict[str, Code]:
    """Return what is looked at, by the name of the call.

    Args:
        pid: what this process calls itself.
        protected: memory of the interpreter, which can neither be given back nor become writable: limits count it.
    """
    own = (0, pid)
    rules: dict[str, Code] = {
        "clone3": [bpf.answer(ENOSYS)],  # its flags lie in memory; glibc then takes clone
        "clone": _threads_only(),
        "kill": _with(0, bpf.unless_one_of([pid], EPERM)),
        "tgkill": _with(0, bpf.unless_one_of([pid], EPERM)),
        "getpriority": [*_first(0, bpf.unless_one_of([0], EPERM)), *_with(1, bpf.unless_one_of(own, EPERM))],
        "prctl": _with(0, bpf.unless_one_of([_SET_NAME, _GET_NAME], EPERM)),
        "close_range": _with(2, bpf.if_any_bit(_UNSHARE, EPERM)),
        "ioctl": _with(1, bpf.unless_one_of(_IOCTLS, ENOTTY)),
        "fcntl": _fcntl(),
        "open": _opening(1),
        "openat": _opening(2),
        "socketpair": _socketpair(),
        "sendto": [*_first(4, _unless_zero()), bpf.load(bpf.high(4)), *_unless_zero(), bpf.answer(ALLOW)],
        "madvise": _with(2, bpf.unless_one_of(_ADVICE, EINVAL)),
        "mmap": _mmap(protected),
        "munmap": [*_outside(protected), bpf.answer(ALLOW)],
        "mremap": [*_first(3, bpf.if_any_bit(~_MAY_MOVE & 0xFFFFFFFF, EPERM)), *_outside(protected), bpf.answer(ALLOW)],
        "mprotect": _mprotect(protected),
    }
    for name in _OF_THIS_PROCESS.split():
        rules[name] = _with(0, bpf.unless_one_of(own, EPERM))
    for name in _OF_A_CLOCK.split():
        rules[name] = _with(0, bpf.if_greater(_MAX_CLOCK, EINVAL))
    for name in _NOTHING_TO_DO.split():
        rules[name] = [bpf.answer(DONE)]
    return rules


def _first(argument: int, test: Iterable[bpf.Instruction | Label]) -> Code:
    """Test the low half of an argument, then go on."""
    return [bpf.load(bpf.low(argument)), *test]


def _with(argument: int, test: Iterable[bpf.Instruction | Label]) -> Code:
    """Test the low half of an argument, and allow the call if the test does not answer."""
    return [*_first(argument, test), bpf.answer(ALLOW)]


def _unless_zero() -> Code:
    return bpf.unless_one_of([0], EPERM)


def _threads_only() -> Code:
    return [
        bpf.load(bpf.low(0)),
        *bpf.if_any_bit(~(_THREAD | _THREAD_MAY) & 0xFFFFFFFF, EPERM),
        bpf.keep_bits(_THREAD),
        *bpf.unless_one_of([_THREAD], EPERM),
        bpf.answer(ALLOW),
    ]


def _fcntl() -> Code:
    """No signals to other processes (SETOWN, SETSIG, O_ASYNC, NOTIFY, SETLEASE), and no larger pipes."""
    not_a_lock, not_flags = bpf.fresh("not a lock"), bpf.fresh("not flags")
    return [
        bpf.load(bpf.low(1)),
        *bpf.jump_unless_one_of(_LOCKS, not_a_lock),
        bpf.answer(DONE),
        Label(not_a_lock),
        *bpf.jump_unless_one_of([_SETFL], not_flags),
        *_with(2, bpf.if_any_bit(_O_ASYNC, EPERM)),
        Label(not_flags),
        *bpf.unless_one_of([_DUPFD, _GETFD, _SETFD, _GETFL, _DUPFD_CLOEXEC, _GETPIPE_SZ], EPERM),
        bpf.answer(ALLOW),
    ]


def _opening(flags: int) -> Code:
    """Landlock before its version 3 looks neither at O_TRUNC of a file opened for reading, nor at access mode 3."""
    harmless = bpf.fresh("harmless")
    return [
        bpf.load(bpf.low(flags)),
        bpf.keep_bits(_ACCESS_MODE),
        *bpf.if_equal(_ACCESS_MODE, EPERM),
        *bpf.jump_unless_one_of([0], harmless),
        *_first(flags, bpf.if_any_bit(_O_TRUNC, EPERM)),
        Label(harmless),
        bpf.answer(ALLOW),
    ]


def _socketpair() -> Code:
    """Streams only: datagrams can be sent to a path, and descriptors with them."""
    return [
        *_first(0, bpf.unless_one_of([_AF_UNIX], EPERM)),
        bpf.load(bpf.low(1)),
        bpf.keep_bits(~_SOCK_FLAGS & 0xFFFFFFFF),
        *bpf.unless_one_of([_SOCK_STREAM], EPERM),
        bpf.answer(ALLOW),
    ]


def _outside(protected: Ranges) -> Code:
    """Refuse a range of memory, in the first two arguments, that overlaps a protected one."""
    code: Code = []
    for start, end in protected:
        code += bpf.if_overlaps(0, 1, start, end, EPERM)
    return code


def _mmap(protected: Ranges) -> Code:
    anywhere = bpf.fresh("anywhere")
    return [
        *_first(3, bpf.if_any_bit(_GROWS_DOWN | _HUGETLB, EPERM)),
        bpf.keep_bits(_FIXED),
        *bpf.jump_unless_one_of([_FIXED], anywhere),
        *_outside(protected),
        Label(anywhere),
        bpf.answer(ALLOW),
    ]


def _mprotect(protected: Ranges) -> Code:
    """What is read-only in the interpreter stays so: each page of it that is written to becomes a copy."""
    harmless = bpf.fresh("harmless")
    return [
        bpf.load(bpf.low(2)),
        bpf.keep_bits(_PROT_WRITE),
        *bpf.jump_unless_one_of([_PROT_WRITE], harmless),
        *_outside(protected),
        Label(harmless),
        bpf.answer(ALLOW),
    ]
