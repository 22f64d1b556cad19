"""What one program takes of the machine's memory, as the kernel accounts it for a cgroup, by any mixture of ways."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hostile_memory import PARTS, mixture

from still_verl.interpreter.sandbox.base import OVERHEAD_MB, Limits
from still_verl.interpreter.sandbox.local.client import Local

MEMORY_MB = 256
NAMESPACES = ("user", "pid", "net", "mount")
WAYS = [
    ("shared", "hidden", "heap"),
    ("stacks", "stack-grown", "of-a-device", "heap"),
    ("libraries-writable", "copies", "libraries-unmapped", "heap", "hidden"),
    ("splits", "copies", "sockets", "file-names", "heap", "hidden", "shared"),
    ("pipes", "files", "locks", "threads", "sparse", "copies", "small-objects", "hidden"),
]


class Group:
    """A cgroup for memory, version 1 or 2; its folder is made where root can."""

    def __init__(self) -> None:
        first = Path("/sys/fs/cgroup/memory")
        self.old = first.exists()
        self.folder = (first if self.old else Path("/sys/fs/cgroup")) / f"still-verl-test-{os.getpid()}"
        self.folder.mkdir()

    def take(self, process: psutil.Process) -> None:
        (self.folder / "cgroup.procs").write_text(str(process.pid))

    def remove(self) -> None:
        """Its processes have been killed, and end one after another."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.folder.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def used_mb(self) -> float:
        name = "memory.usage_in_bytes" if self.old else "memory.current"
        return int((self.folder / name).read_text()) / 2**20


@pytest.fixture(params=[(), NAMESPACES], ids=["namespaces", "none"])
def measured(request: pytest.FixtureRequest) -> Iterator[tuple[Local, Group]]:
    try:
        group = Group()
        group.used_mb()
    except OSError as error:
        pytest.skip(f"no cgroup for memory is to be had here: {error}")
    sandbox = Local(Limits(seconds=4, memory_mb=MEMORY_MB), absent=request.param)
    sandbox.run("1")
    assert sandbox._server.pid is not None
    server = psutil.Process(sandbox._server.pid)
    for process in (server, *server.children(recursive=True)):
        with suppress(ProcessLookupError):  # an idle child that has just ended
            group.take(process)
    for _ in range(10):  # the idle children that were not counted
        sandbox.run("import sympy\nsympy.sqrt(8)")
    time.sleep(0.3)
    yield sandbox, group
    sandbox.close()
    group.remove()


def test_a_program_takes_no_more_than_its_limit(measured: tuple[Local, Group]) -> None:
    sandbox, group = measured

    for names in WAYS:
        before, most = group.used_mb(), 0.0
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(sandbox.run, mixture(*names))
            while not running.done():
                most = max(most, group.used_mb() - before)
                time.sleep(0.005)
        assert most <= MEMORY_MB + OVERHEAD_MB, (names, most, running.result())
    assert sandbox.run("x = bytearray(100 * 2**20)\nlen(x)").stdout == f"{100 * 2**20}\n"


def test_every_way_is_tried() -> None:
    tried = {name for names in WAYS for name in names}
    assert tried == set(PARTS)
