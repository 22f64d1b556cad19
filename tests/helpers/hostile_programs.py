"""Programs that try to get out of the sandbox, to stay, to take everything, or to lie.

One prints ESCAPED where it succeeds. `@NAME@` in its text is replaced: CANARY (a file that everybody may read), OUTSIDE
(a directory that everybody may write), PARENT and SERVER (process ids), SYS_name (the number of a system call).
"""

import platform
import re
from dataclasses import dataclass

from still_verl.interpreter.sandbox.local import syscalls

ENDED = ("timeout", "crash", "flood")
ANY = ("ok", "error", *ENDED)
HELD = ("error", "crash")


@dataclass(frozen=True)
class Hostile:
    """`kinds` are the endings that a sandbox that holds may report; `says` must be in its output or error."""

    name: str
    code: str
    kinds: tuple[str, ...] = ANY
    says: str = ""


def filled(code: str, values: dict[str, object]) -> str:
    numbers = syscalls.numbers(platform.machine())
    values = values | {f"SYS_{name}": number for name, number in numbers.items()}
    return re.sub(r"@(\w+)@", lambda match: str(values.get(match[1], -1)), code)


def denied(name: str, *args: object) -> Hostile:
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall(@SYS_{name}@, {", ".join(map(repr, args))})
print("ESCAPED" if result >= 0 else "refused", result, ctypes.get_errno())"""
    return Hostile(f"syscall-{name}", code, ("ok",), "refused -1 1" if platform.machine() == "x86_64" else "refused")


def refused(name: str, call: str, *args: object) -> Hostile:
    """A system call that must fail because it is not allowed, or not known; `@NAME@` may stand for a number."""
    shown = [arg if isinstance(arg, str) else repr(arg) for arg in args]
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall(@SYS_{call}@, {", ".join(shown)})
held = result < 0 and ctypes.get_errno() in (1, 38)
print("refused" if held else "ESCAPED", result, ctypes.get_errno())"""
    return Hostile(f"refused-{name}", code, ("ok",), "refused")


def attempt(name: str, statement: str) -> Hostile:
    """A statement that must raise."""
    return Hostile(name, f"import os, sys, signal, socket, ctypes\n{statement}\nprint('ESCAPED')", HELD)


PROGRAMS = [
    # Taking everything.
    Hostile("fork-bomb", "import os\nwhile True:\n    os.fork()", ENDED + HELD),
    Hostile(
        "fork-bomb-that-ignores-errors", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", ENDED
    ),
    Hostile(
        "thread-bomb",
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(99,)).start()",
    ),
    Hostile("memory-bomb", "x = []\nwhile True:\n    x.append(bytearray(10**7))", (*HELD, "timeout")),
    Hostile("memory-at-once", "x = bytearray(10**11)", ("error",), "MemoryError"),
    Hostile(
        "memory-through-mmap", "import mmap\nx = [mmap.mmap(-1, 2**28) for _ in range(64)]\nprint('ESCAPED')", HELD
    ),
    Hostile("big-integer", "9**9**9", ENDED + ("error",)),
    Hostile("loop", "while True: pass", ("timeout",), "stopped after"),
    Hostile("loop-in-c", "sum(range(10**18))", ("timeout",)),
    Hostile("regex-catastrophe", "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')", ("timeout",)),
    Hostile("sleep", "import time\ntime.sleep(1000)", ("timeout",)),
    Hostile("output-flood", "while True: print('x' * 10000)", ("flood", "timeout")),
    Hostile("output-flood-without-newline", "import os\nwhile True: os.write(2, b'y' * 65536)", ("flood", "timeout")),
    Hostile("one-huge-line", "print('z' * 10**6)", ("ok",), "left out"),
    Hostile(
        "disk-fill",
        "n = 0\nwhile True:\n    with open(f'/tmp/f{n}', 'wb') as f: f.write(b'x' * 2**20)\n    n += 1",
        HELD,
    ),
    Hostile("sparse-file", "f = open('/tmp/sparse', 'wb')\nf.truncate(2**40)\nprint('ESCAPED')", HELD),
    Hostile(
        "many-files", "for n in range(10**6): open(f'/tmp/{n}', 'w').close()\nprint('ESCAPED')", HELD + ("timeout",)
    ),
    Hostile("many-descriptors", "import os\nx = [os.dup(1) for _ in range(10**4)]\nprint('ESCAPED')", ("error",)),
    Hostile("deep-recursion", "def f(): return f()\nf()", ("error",), "RecursionError"),
    Hostile("recursion-without-limit", "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()"),
    Hostile("deep-expression", "eval('(' * 10**5 + ')' * 10**5)", HELD),
    Hostile("huge-exception", "raise ValueError('e' * 10**7)", ("error",), "ValueError"),
    Hostile(
        "exception-that-cannot-be-shown", "class E(Exception):\n    def __str__(self): raise self\nraise E()", HELD
    ),
    Hostile("huge-repr", "class R:\n    def __repr__(self): return 'r' * 10**7\nR()", ("ok", "flood"), "rrr"),
    # Not ending.
    Hostile(
        "signals-ignored",
        "import signal\nfor s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass",
        ("timeout",),
    ),
    Hostile("stops-itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass", ("timeout",)),
    Hostile("daemon", "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: pass\nprint('ESCAPED')", HELD),
    Hostile("zombie", "import os\nif os.fork() == 0: os._exit(0)\nprint('ESCAPED')", HELD),
    Hostile("subprocess", "import subprocess\nsubprocess.run(['/bin/sleep', '100'])\nprint('ESCAPED')", HELD),
    Hostile("os-system", "import os\nprint('refused' if os.system('id > /tmp/id') else 'ESCAPED')", ANY),
    Hostile("exec", "import os\nos.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])", ("error",)),
    Hostile(
        "threads-left", "import threading\ndef f():\n    while True: pass\nthreading.Thread(target=f).start()", ("ok",)
    ),
    Hostile("blocks-its-end", "import atexit, time\natexit.register(time.sleep, 100)", ("ok",)),
    Hostile("exit", "import sys\nprint('said')\nsys.exit()", ("ok",), "said"),
    Hostile("exit-with-a-code", "import sys\nsys.exit(3)", ("error",), "SystemExit: 3"),
    Hostile("hard-exit", "import os\nos._exit(0)", ("crash",), "exit code 0"),
    Hostile("segmentation-fault", "import ctypes\nctypes.string_at(0)", ("crash",), "segmentation"),
    Hostile("abort", "import os\nos.abort()", ("crash",)),
    # Other processes.
    attempt("kill-the-parent", "os.kill(@PARENT@, signal.SIGKILL)"),
    attempt("stop-the-parent", "os.kill(@PARENT@, signal.SIGSTOP)"),
    attempt("kill-the-server", "os.kill(@SERVER@, signal.SIGKILL)"),
    attempt("kill-everybody", "os.kill(-1, signal.SIGKILL)"),
    attempt("kill-the-first-process", "os.kill(os.getppid() or 2, signal.SIGKILL)"),
    attempt("kill-through-a-pidfd", "fd = os.pidfd_open(@PARENT@); signal.pidfd_send_signal(fd, signal.SIGKILL)"),
    attempt("slow-the-parent", "os.setpriority(os.PRIO_PROCESS, @PARENT@, 19)"),
    attempt("limit-the-parent", "import resource; resource.prlimit(@PARENT@, resource.RLIMIT_NOFILE, (1, 1))"),
    attempt("proc-environment", "print(open('/proc/@PARENT@/environ').read())"),
    attempt("proc-memory", "open('/proc/@PARENT@/mem', 'r+b')"),
    attempt("proc-own-memory", "open('/proc/self/mem', 'r+b')"),
    attempt("proc-list", "os.listdir('/proc')[0]"),
    attempt("proc-root-of-the-parent", "os.listdir('/proc/@PARENT@/root')"),
    # Files.
    attempt("read-the-canary", "print(open('@CANARY@').read())"),
    attempt("read-the-canary-by-a-link", "os.symlink('@CANARY@', '/tmp/l'); print(open('/tmp/l').read())"),
    attempt("read-the-canary-by-a-hard-link", "os.link('@CANARY@', '/tmp/hard'); print(open('/tmp/hard').read())"),
    attempt("read-the-canary-by-dots", "print(open('/tmp/../../..@CANARY@').read())"),
    attempt("read-the-canary-by-ctypes", "assert ctypes.CDLL(None).open(b'@CANARY@', 0) >= 0"),
    attempt("write-outside", "open('@OUTSIDE@/written', 'w').write('x')"),
    attempt("rename-outside", "open('/tmp/x', 'w').close(); os.rename('/tmp/x', '@OUTSIDE@/written')"),
    attempt("delete-the-canary", "os.unlink('@CANARY@')"),
    attempt("truncate-the-canary", "os.truncate('@CANARY@', 0)"),
    attempt("write-into-the-library", "open(os.__file__, 'a').write('x')"),
    attempt("write-a-system-file", "open('/usr/written', 'w')"),
    attempt("read-passwords", "open('/etc/shadow')"),
    attempt("device", "os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0)); os.open('/tmp/disk', os.O_RDONLY)"),
    attempt("setuid", "os.setuid(0)"),
    attempt("setuid-bit", "os.chmod('/usr/bin/env', 0o4755)"),
    attempt("chroot", "os.chroot('/tmp')"),
    Hostile("environment", "import os\nprint('ESCAPED' if 'SECRET' in ' '.join(os.environ) else 'refused')", ("ok",)),
    # Network.
    attempt("tcp", "socket.create_connection(('127.0.0.1', 22), timeout=1)"),
    attempt("udp", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))"),
    attempt("dns", "socket.getaddrinfo('example.com', 80)"),
    attempt("listen", "socket.create_server(('127.0.0.1', 0))"),
    attempt("ipv6", "socket.socket(socket.AF_INET6)"),
    attempt("raw-socket", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
    attempt("netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    attempt("unix-socket", "socket.socket(socket.AF_UNIX).bind('/tmp/s')"),
    attempt("abstract-socket", "socket.socket(socket.AF_UNIX).bind('\\0still')"),
    attempt("pair-made-into-a-client", "socket.socketpair()[0].connect('\\0still')"),
    # Calls into the kernel.
    denied("ptrace", 0, 0, 0, 0),
    denied("process_vm_readv", 1, 0, 0, 0, 0, 0),
    denied("process_vm_writev", 1, 0, 0, 0, 0, 0),
    denied("mount", 0, 0, 0, 0, 0),
    denied("umount2", b"/tmp", 2),
    denied("pivot_root", b"/tmp", b"/tmp"),
    denied("unshare", 0x10000000),
    denied("setns", 0, 0),
    denied("io_uring_setup", 8, bytes(128)),
    denied("keyctl", 0, -3, 1),
    denied("add_key", b"user", b"still", b"x", 1, -3),
    denied("bpf", 0, bytes(128), 128),
    denied("perf_event_open", bytes(128), 0, -1, -1, 0),
    denied("userfaultfd", 0),
    denied("memfd_create", b"hidden", 0),
    denied("shmget", 1, 4096, 0o1666),
    denied("kexec_load", 0, 0, 0, 0),
    denied("init_module", 0, 0, b""),
    denied("open_by_handle_at", -1, bytes(64), 0),
    denied("personality", 0x0040000),
    denied("pidfd_open", 1, 0),
    denied("fsopen", b"tmpfs", 0),
    Hostile(
        "second-syscall-table",
        "import ctypes\nctypes.CDLL(None).syscall(0x40000000 + 39)\nprint('went on')",
        ("crash",) if platform.machine() == "x86_64" else ANY,
    ),
    Hostile(
        "user-namespace-by-clone",
        "import ctypes\nlibc = ctypes.CDLL(None)\nr = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\n"
        "print('refused' if r < 0 else 'ESCAPED')"
        if platform.machine() == "x86_64"
        else "print('refused')",
        ("ok",),
        "refused",
    ),
    # Lies.
    Hostile(
        "forged-reports",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"error\": 42}')\n    except OSError: pass",
        HELD,
    ),
    Hostile(
        "garbage-reports",
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'[' * 30000)\n    except OSError: pass",
        HELD,
    ),
    Hostile(
        "descriptors-sent-away",
        "import os, socket, array\nfor fd in range(3, 64):\n    try: socket.socket(fileno=os.dup(fd)).sendmsg([b'x'], "
        "[(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])\n    except OSError: pass",
    ),
    Hostile("closes-everything", "import os\nos.closerange(0, 64)", ANY),
    Hostile("closes-stdout", "import sys\nsys.stdout.close()", ("ok",)),
    Hostile("replaces-stdout", "import sys\nsys.stdout = None\nprint('x')", ("ok",)),
    Hostile("replaces-json", 'import json\njson.dumps = lambda *a, **k: \'{"error": null, "kind": "none"}\'\n1/0', ANY),
    Hostile(
        "replaces-exec-block",
        "import gc, types\nfor f in gc.get_objects():\n    if isinstance(f, types.FunctionType) and "
        "f.__module__.endswith('sandbox.exec_block'):\n        f.__code__ = (lambda *a: None).__code__",
    ),
    Hostile(
        "pickle-trick",
        "import pickle\nclass P:\n    def __reduce__(self): return (__import__('os').system, ('id',))\n"
        "pickle.loads(pickle.dumps(P()))",
    ),
    Hostile("input", "input('name? ')", ("error",), "input() is not available"),
    Hostile("reads-stdin", "import sys\nprint(repr(sys.stdin.read()))", ("ok",), "''"),
    Hostile("surrogates", "print('\\ud800')", ("ok",), "\\ud800"),
    Hostile("surrogate-in-an-error", "raise ValueError('\\udfff')", ("error",), "ValueError"),
    Hostile("nul-in-output", "print('a\\0b')", ("ok",), "a\\x00b"),
    Hostile("nul-in-the-program", "x = 'a\0b'", ("error",)),
    Hostile("surrogate-in-the-program", "x = '\ud800'", ANY),
    Hostile("not-utf-8", "import os\nos.write(1, b'\\xff\\xfe ok')", ("ok",), "\ufffd"),
    Hostile("syntax-error", "def f(:\n  pass", ("error",), "line 1"),
    Hostile("program-too-long", "x = '" + "a" * 2**21 + "'", ("error",), "longer than"),
]
