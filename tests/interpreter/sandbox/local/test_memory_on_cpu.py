"""The memory that a child writes to is found, and can be copied before it does."""

import mmap
import os
import resource
import subprocess
import sys

from still_verl.interpreter.sandbox.local import memory

PAGES = 64


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def test_what_a_child_writes_is_found_and_copied_ahead() -> None:
    """In a process of its own: of one that has run many tests a single mapping may be larger than what is looked at."""
    subprocess.run([sys.executable, __file__], check=True, timeout=60)


def copy_ahead() -> None:
    block = bytearray(PAGES * mmap.PAGESIZE)

    def write() -> None:
        for place in range(0, len(block), mmap.PAGESIZE):
            block[place] = 1

    ranges = memory.written_by(write)
    if not ranges:  # a kernel without /proc/self/pagemap
        return
    assert sum(size for _, size in ranges) >= (PAGES - 1) * mmap.PAGESIZE
    pid = os.fork()
    if pid == 0:
        memory.copy(ranges, stop=lambda: False)
        before = faults()
        write()
        os._exit(0 if faults() - before < PAGES // 2 else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_huge_pages_change_no_byte() -> None:
    block = bytearray(range(256)) * (4 * 2**20 // 256)
    memory.use_huge_pages()
    assert block == bytearray(range(256)) * (4 * 2**20 // 256)


if __name__ == "__main__":
    copy_ahead()
