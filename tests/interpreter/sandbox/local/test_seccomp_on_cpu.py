"""The filter of system calls, run as the kernel runs it, for both processors."""

import random
import sys

import pytest
from bpf_machine import answer, in_words

from still_verl.interpreter.sandbox.local import allowed, bpf, seccomp, syscalls
from still_verl.interpreter.sandbox.local.tiers import Mechanisms, probe

MACHINES = ("x86_64", "aarch64")
PID = 4242
LOW, HIGH = 0x7F1D_10B0_0000, 0x7F1E_0A71_C000  # across a border of 32 bits
THREAD = 0x3D0F00  # what glibc passes to clone

# call, arguments, answer with a /tmp of its own, answer without (None: the same)
CALLS: list[tuple[str, tuple[int, ...], str, str | None]] = [
    ("read", (0, 0, 10), "allow", None),
    ("getpid", (), "allow", None),
    ("clone", (THREAD,), "allow", None),
    ("clone", (THREAD & ~0x400,), "EPERM", None),  # descriptors of its own
    ("clone", (THREAD | 0x10000000,), "EPERM", None),
    ("clone", (17,), "EPERM", None),
    ("clone3", (0, 88), "ENOSYS", None),
    ("execve", (0, 0, 0), "EPERM", None),
    ("socket", (1, 1, 0), "EPERM", None),
    ("socketpair", (1, 1 | 0x80000), "allow", None),
    ("socketpair", (1, 2), "EPERM", None),
    ("socketpair", (1, 5), "EPERM", None),
    ("socketpair", (30, 1), "EPERM", None),
    ("sendto", (3, 0, 1, 0, 0, 0), "allow", None),
    ("sendto", (3, 0, 1, 0, 1, 110), "EPERM", None),
    ("sendto", (3, 0, 1, 0, 1 << 32, 110), "EPERM", None),
    ("sendmsg", (3, 0, 0), "EPERM", None),
    ("setsockopt", (3, 1, 7, 0, 4), "EPERM", None),
    ("kill", (PID, 9), "allow", None),
    ("kill", (1, 9), "EPERM", None),
    ("kill", (-1, 9), "EPERM", None),
    ("tgkill", (PID, PID, 9), "allow", None),
    ("prlimit64", (0, 7, 0, 0), "allow", None),
    ("prlimit64", (1, 7, 0, 0), "EPERM", None),
    ("getpriority", (0, 0), "allow", None),
    ("getpriority", (0, 1), "EPERM", None),
    ("getpriority", (2, 0), "EPERM", None),
    ("getpgid", (7,), "EPERM", None),
    ("fcntl", (1, 4, 0x800), "allow", None),
    ("fcntl", (1, 4, 0x2000), "EPERM", None),
    ("fcntl", (1, 8, 1), "EPERM", None),
    ("fcntl", (1, 10, 9), "EPERM", None),
    ("fcntl", (1, 1031, 2**20), "EPERM", None),
    ("fcntl", (1, 6, 0), "done", None),
    ("ioctl", (1, 0x5401), "allow", None),
    ("ioctl", (1, 0x5452), "ENOTTY", None),
    ("ioctl", (1, 0x8901), "ENOTTY", None),
    ("ioctl", (1, 0x5412), "ENOTTY", None),
    ("openat", (-100, 0, 0x80000), "allow", None),
    ("openat", (-100, 0, 0x241), "allow", None),
    ("openat", (-100, 0, 0x200), "EPERM", None),
    ("openat", (-100, 0, 3), "EPERM", None),
    ("openat2", (-100, 0, 0, 24), "EPERM", None),
    ("prctl", (15, 0), "allow", None),
    ("prctl", (1, 0), "EPERM", None),
    ("prctl", (22, 2, 0), "EPERM", None),
    ("clock_gettime", (1, 0), "allow", None),
    ("clock_gettime", (-54, 0), "EINVAL", None),
    ("madvise", (LOW, 4096, 23), "allow", None),
    ("madvise", (LOW, 4096, 12), "EINVAL", None),
    ("fsync", (3,), "done", None),
    ("flock", (3, 2), "done", None),
    ("sync", (), "EPERM", None),
    ("syncfs", (3,), "EPERM", None),
    ("io_setup", (60000, 0), "EPERM", None),
    ("timer_create", (0, 0, 0), "EPERM", None),
    ("inotify_init1", (0,), "EPERM", None),
    ("statmount", (0, 0), "EPERM", None),
    ("listmount", (0, 0), "EPERM", None),
    ("open_tree_attr", (0, 0), "EPERM", None),
    ("close_range", (3, 99, 0), "allow", None),
    ("close_range", (3, 99, 2), "EPERM", None),
    ("mmap", (0, 4096, 3, 0x22), "allow", None),
    ("mmap", (0, 4096, 3, 0x122), "EPERM", None),
    ("mmap", (0, 4096, 3, 0x40022), "EPERM", None),
    ("mmap", (LOW, 4096, 3, 0x32), "EPERM", None),
    ("mmap", (LOW - 4096, 4096, 3, 0x32), "allow", None),
    ("munmap", (HIGH - 4096, 4096), "EPERM", None),
    ("munmap", (0, HIGH), "EPERM", None),
    ("mremap", (0, 4096, 8192, 1), "allow", None),
    ("mremap", (0, 4096, 8192, 3, LOW), "EPERM", None),
    ("mremap", (LOW, 4096, 8192, 1), "EPERM", None),
    ("mprotect", (LOW, 4096, 1), "allow", None),
    ("mprotect", (LOW, 4096, 3), "EPERM", None),
    ("mprotect", (0, 4096, 3), "allow", None),
    ("truncate", (0, 0), "allow", "EPERM"),
    ("unlinkat", (-100, 0, 0), "allow", "EPERM"),
    ("fchmodat", (-100, 0, 0o777), "allow", "EPERM"),
    ("utimensat", (-100, 0, 0, 0), "allow", "EPERM"),
    ("setxattr", (0, 0, 0, 0, 0), "EPERM", None),
    ("fchownat", (-100, 0, 0, 0, 0), "EPERM", None),
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("call", "args", "writing", "not_writing"), CALLS)
def test_what_it_answers(machine: str, call: str, args: tuple[int, ...], writing: str, not_writing: str | None) -> None:
    for writes, expected in ((True, writing), (False, not_writing or writing)):
        code = seccomp.with_pid(seccomp.program(machine, writes, ((LOW, HIGH),)), PID)
        assert in_words(answer(code, machine, call, *args)) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_tomorrow_of_other_tables_and_of_other_processors(machine: str) -> None:
    code = seccomp.program(machine, True)
    newest = max(syscalls.numbers(machine).values())
    assert {in_words(answer(code, machine, newest + extra)) for extra in (1, 7, 500)} == {"ENOSYS"}
    assert in_words(answer(code, machine, 0x40000000 + 39)) == "kill"
    assert in_words(answer(code, machine, "read", architecture=3)) == "kill"


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_that_is_not_named_is_refused(machine: str) -> None:
    code = seccomp.with_pid(seccomp.program(machine, True), PID)
    named = allowed.plain(writes=True) | set(allowed.looked_at(PID, ()))
    for call in syscalls.numbers(machine):
        if call not in named:
            assert in_words(answer(code, machine, call)) == "EPERM", call


def test_two_ranges_of_memory_overlap_when_they_share_a_byte() -> None:
    draw = random.Random(0)
    borders = [LOW, HIGH, 0, 2**32, 2**63, 2**64 - 1]
    refused = 0
    for _ in range(3000):
        code = bpf.assemble([*bpf.if_overlaps(0, 1, LOW, HIGH, bpf.EPERM), bpf.answer(bpf.ALLOW)])
        address = (draw.choice(borders) + draw.randrange(-4096, 4096)) % 2**64
        length = (draw.choice([0, 4096, HIGH - LOW, 2**33, LOW]) + draw.randrange(4096)) % 2**64
        if address + length >= 2**64:  # the kernel refuses it
            continue
        overlaps = address < HIGH and address + length > LOW
        refused += overlaps
        assert in_words(answer(code, "x86_64", "munmap", address, length)) == ("EPERM" if overlaps else "allow")
    assert refused > 300


def test_without_the_package_there_is_no_filter_and_no_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "system_calls", None)
    syscalls.numbers.cache_clear()
    seccomp.program.cache_clear()
    try:
        with pytest.raises(OSError, match="pip install system-calls"):
            seccomp.program("x86_64", True)
        found = probe()
        assert found.tier == "none" and not found.seccomp
        assert found.missing()[0].endswith("(pip install system-calls)")
        assert Mechanisms.nothing() == found
    finally:
        syscalls.numbers.cache_clear()


def test_an_unknown_processor_has_no_filter() -> None:
    assert syscalls.numbers("m68k") == {}
    with pytest.raises(OSError, match="m68k"):
        seccomp.program("m68k", True)


def test_a_jump_that_is_too_long_for_the_kernel_is_refused() -> None:
    far = [bpf.load(0), *bpf.if_equal(1, bpf.EPERM)[:1], *[bpf.load(0)] * 300, bpf.Label("x")]
    label = [item for item in far if isinstance(item, bpf.Instruction)][1].false
    assert label is not None
    with pytest.raises(ValueError, match="300 instructions"):
        bpf.assemble([*far, bpf.Label(label)])
