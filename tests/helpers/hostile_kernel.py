"""Programs that reach for other processes, files and the kernel where a filter or an old Landlock may have forgotten.

As in `hostile_programs`: one prints ESCAPED where it succeeds. `@NAME@` is replaced.
"""

from hostile_programs import Hostile, attempt, refused

_FCNTL = "import fcntl; r, w = os.pipe(); "
_PAIR = "a, b = socket.socketpair(); "

# Each statement must raise.
STATEMENTS = {
    # A signal to another process, by way of a descriptor.
    "signal-by-setown": f"{_FCNTL}fcntl.fcntl(r, fcntl.F_SETOWN, @PARENT@)",
    "signal-by-setown-of-a-group": f"{_FCNTL}fcntl.fcntl(r, fcntl.F_SETOWN, -@PARENT@)",
    "signal-by-setown-ex": f"{_FCNTL}import struct; fcntl.fcntl(r, 15, struct.pack('ii', 1, @PARENT@))",
    "signal-by-setsig": f"{_FCNTL}fcntl.fcntl(r, 10, signal.SIGKILL)",
    "signal-by-o-async": f"{_FCNTL}fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)",
    "signal-by-ioctl-fioasync": f"{_PAIR}import fcntl; fcntl.ioctl(a, 0x5452, b'\\1\\0\\0\\0')",
    "signal-by-ioctl-setown": f"{_PAIR}import fcntl, struct; fcntl.ioctl(a, 0x8901, struct.pack('i', @PARENT@))",
    "signal-by-ioctl-siocspgrp": f"{_PAIR}import fcntl, struct; fcntl.ioctl(a, 0x8902, struct.pack('i', @PARENT@))",
    "signal-by-a-lease": "import fcntl; fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, 0)",
    "signal-by-dnotify": "import fcntl; fcntl.fcntl(os.open('/usr', os.O_RDONLY), fcntl.F_NOTIFY, 2)",
    "signal-to-the-own-group": "os.killpg(0, 0)",
    "signal-to-a-group": "os.killpg(@SERVER@, signal.SIGTERM)",
    "ioctl-push-a-character": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    # What processes there are.
    "list-by-getpriority": "os.getpriority(os.PRIO_PROCESS, @PARENT@)",
    "list-by-getpriority-of-users": "os.getpriority(os.PRIO_USER, 0)",
    "list-by-getpgid": "os.getpgid(@PARENT@)",
    "list-by-getsid": "os.getsid(@PARENT@)",
    "list-by-affinity": "os.sched_getaffinity(@PARENT@)",
    "list-by-scheduler": "os.sched_getscheduler(@PARENT@)",
    "list-by-limits": "import resource; resource.prlimit(@PARENT@, resource.RLIMIT_CPU)",
    "list-by-clocks": "import time; time.clock_gettime((~@PARENT@ << 3) | 2)",
    "list-by-signal-0": "os.kill(@PARENT@, 0)",
    "leave-the-group": "os.setpgid(0, 0)",
    "leave-the-session": "os.setsid()",
    # Files, whose attributes no version of Landlock protects.
    "truncate": "os.truncate('@CANARY@', 0)",
    "truncate-by-opening": "os.open('@CANARY@', os.O_RDONLY | os.O_TRUNC)",
    "truncate-a-library-by-opening": "os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "truncate-by-access-mode-3": "os.open('@CANARY@', 3 | os.O_TRUNC)",
    "open-with-access-mode-3": "os.open(os.__file__, 3)",
    "chmod": "os.chmod('@CANARY@', 0o777)",
    "chmod-a-library": "os.chmod(os.__file__, 0o777)",
    "chmod-a-descriptor": "os.chmod(os.open(os.__file__, os.O_RDONLY), 0o777)",
    "chown": "os.chown('@CANARY@', os.getuid(), os.getgid())",
    "utime": "os.utime('@CANARY@', (0, 0))",
    "utime-of-a-descriptor": "os.utime(os.open(os.__file__, os.O_RDONLY), (0, 0))",
    "setxattr": "os.setxattr('@CANARY@', 'user.x', b'x')",
    "removexattr": "os.removexattr('@CANARY@', 'user.x')",
    "rename-the-canary": "os.rename('@CANARY@', '@CANARY@2')",
    "link-the-canary": "os.link('@CANARY@', '@OUTSIDE@/link')",
    "symlink-outside": "os.symlink('/etc', '@OUTSIDE@/link')",
    "mkdir-outside": "os.mkdir('@OUTSIDE@/folder')",
    "fifo-outside": "os.mkfifo('@OUTSIDE@/fifo')",
    "append-to-the-canary": "open('@CANARY@', 'a').write('x')",
    "tmpfile-outside": "os.open('@OUTSIDE@', os.O_TMPFILE | os.O_RDWR)",
    "allocate-in-the-canary": "os.posix_fallocate(os.open('@CANARY@', os.O_RDWR), 0, 4096)",
    "write-to-a-device": "open('/dev/zero', 'r+b')",
    "write-to-urandom": "open('/dev/urandom', 'wb').write(b'x')",
    # Sockets outside.
    "datagrams": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "packets": "socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)",
    "send-to-a-path": f"{_PAIR}a.sendto(b'x', '@OUTSIDE@/socket')",
    "send-to-an-abstract-name": f"{_PAIR}a.sendto(b'x', '\\0still')",
    "send-descriptors": f"{_PAIR}socket.send_fds(a, [b'x'], [1])",
    "socket-options": f"{_PAIR}a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**24)",
    "pass-credentials": f"{_PAIR}a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)",
    # What the machine has a limited number of.
    "timers": "import ctypes; assert ctypes.CDLL(None, use_errno=True).timer_create(0, None, bytes(8)) == 0",
    "larger-pipes": f"{_FCNTL}fcntl.fcntl(w, 1031, 2**20)",
    "raise-the-priority": "os.nice(-5)",
    "raise-a-limit": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))",
    "shared-memory-of-posix": "from multiprocessing import shared_memory as s; s.SharedMemory(create=True, size=9)",
    "memfd": "os.memfd_create('x')",
}

# System calls by name, with arguments that a kernel without a filter would take.
CALLS: list[tuple[str, tuple[object, ...]]] = [
    ("io_setup", (60000, bytes(8))),
    ("io_submit", (0, 0, 0)),
    ("sync", ()),
    ("syncfs", (0,)),
    ("timer_create", (0, 0, bytes(8))),
    ("inotify_init1", (0,)),
    ("fanotify_init", (0, 0)),
    ("statmount", (bytes(24), bytes(512), 512, 0)),
    ("listmount", (bytes(24), bytes(512), 8, 0)),
    ("open_tree_attr", (-100, b"/", 0, 0, 0)),
    ("listns", (bytes(32), bytes(64), 8, 0)),
    ("lsm_list_modules", (bytes(64), bytes(8), 0)),
    ("cachestat", (0, bytes(16), bytes(64), 0)),
    ("mseal", (0, 0, 0)),
    ("file_setattr", (-100, b"/tmp", bytes(24), 24, 0)),
    ("setxattrat", (-100, b"/tmp", 0, b"user.x", bytes(16), 16)),
    ("landlock_create_ruleset", (0, 0, 1)),
    ("seccomp", (2, 0, 0)),
    ("prctl", (1, 0)),
    ("prctl", (38, 0, 0, 0, 0)),
    ("prctl", (4, 1, 0, 0, 0)),
    ("prctl", (36, 1, 0, 0, 0)),
    ("setsockopt", (0, 1, 7, bytes(4), 4)),
    ("sendmsg", (0, 0, 0)),
    ("sendmmsg", (0, 0, 0, 0)),
    ("vmsplice", (0, 0, 0, 0)),
    ("mlockall", (1,)),
    ("mbind", (0, 0, 0, 0, 0, 0)),
    ("remap_file_pages", (0, 0, 0, 0, 0)),
    ("pkey_alloc", (0, 0)),
    ("get_robust_list", ("@PARENT@", bytes(8), bytes(8))),
    ("capget", (bytes(8), bytes(24))),
    ("ioprio_get", (1, "@PARENT@")),
    ("sched_getattr", ("@PARENT@", bytes(56), 56, 0)),
    ("openat2", (-100, b"/", bytes(24), 24)),
    ("close_range", (60, 63, 2)),
]

KERNEL_PROGRAMS = [
    *(attempt(name, statement) for name, statement in STATEMENTS.items()),
    *(refused(f"{name}-{number}", name, *args) for number, (name, args) in enumerate(CALLS)),
    Hostile(
        "calls-of-tomorrow",
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nfor n in range(472, 1024):\n"
        "    if libc.syscall(n, 0, 0, 0, 0, 0, 0) != -1: print('ESCAPED', n)\n"
        "    elif ctypes.get_errno() not in (1, 38): print('ESCAPED: made', n, ctypes.get_errno())",
        ("ok",),
    ),
    Hostile(
        "thread-with-descriptors-of-its-own",
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print('refused' if libc.syscall(@SYS_clone@, 0x10b00, 0, 0, 0, 0) < 0 else 'ESCAPED')",
        ("ok",),
        "refused",
    ),
    Hostile(
        "many-threads",
        "import threading, time\nn = 0\ntry:\n    while n < 300:\n"
        "        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n        n += 1\n"
        "except RuntimeError: pass\nprint('ESCAPED' if n > 40 else 'few', n)",
        ("ok", "crash"),
    ),
    Hostile(
        "many-small-threads",
        "import threading, time\nthreading.stack_size(2**16)\nn = 0\ntry:\n    while n < 300:\n"
        "        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n        n += 1\n"
        "except RuntimeError: pass\nprint('ESCAPED' if n > 40 else 'few', n)",
        ("ok", "crash"),
    ),
    Hostile(
        "more-signals-than-the-kernel-keeps",
        "import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(34, 64))\n"
        "for n in range(10**4): os.kill(os.getpid(), 34 + n % 30)\nprint('ok')",
    ),
    Hostile("dies-by-its-own-hand", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
]
