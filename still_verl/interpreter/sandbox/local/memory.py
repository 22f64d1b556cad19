"""Memory of the fork server, arranged so that a fork, a child's first writes and a child's end are cheap.

A fork copies the page tables of the server, and the end of a child takes them apart. In huge pages there are 512 times
fewer entries. After a fork, the first write to each page stops the child for some microseconds while the kernel copies
it; Python writes to nearly every object that it reads, to count references. A child that waits can copy ahead the pages
that programs are known to write to. Everything here is best effort: without it programs are slower, not different.
"""

import ctypes
import json
import mmap
import os
import struct
from collections.abc import Callable, Iterator

_HUGE = 2 * 2**20
_POPULATE_WRITE, _COLLAPSE = 23, 25  # asm-generic/mman-common.h; Linux 5.14 and 6.1
# Bits of an entry of /proc/self/pagemap.
_PRESENT, _OF_A_FILE, _EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56
_MOST_BYTES = 512 * 2**20  # of one mapping; larger ones are reserved space, not memory in use

Range = tuple[int, int]  # address and bytes

_libc = ctypes.CDLL(None, use_errno=True)


def use_huge_pages() -> None:
    """Move the private memory of this process that is mostly in use into huge pages."""
    for start, end in list(_mappings()):
        first = -(-start // _HUGE) * _HUGE
        for address in range(first, end - _HUGE + 1, _HUGE):
            entries = _entries(address, _HUGE)
            if sum(entry & (_PRESENT | _OF_A_FILE) == _PRESENT for entry in entries) > len(entries) // 2:
                _advise(address, _HUGE, _COLLAPSE)


def written_by(program: Callable[[], object]) -> list[Range]:
    """Memory that `program` writes to in a forked child, of what the child shares with this process at first."""
    mappings = list(_mappings())
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            program()
            with open(writer, "wb") as file:
                file.write(json.dumps(list(_written(mappings))).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        told = file.read()
    os.waitpid(pid, 0)
    return [(start, size) for start, size in json.loads(told)] if told else []


def copy(ranges: list[Range], stop: Callable[[], bool]) -> None:
    """Make private copies of `ranges` of a forked child, until `stop` says so."""
    for number, (address, size) in enumerate(ranges):
        if number % 16 == 0 and stop():
            return
        _advise(address, size, _POPULATE_WRITE)


def _written(mappings: list[Range]) -> Iterator[Range]:
    page, wanted = mmap.PAGESIZE, _PRESENT | _EXCLUSIVE
    first = last = 0
    for start, end in mappings:
        for number, entry in enumerate(_entries(start, end - start)):
            address = start + number * page
            if entry & (wanted | _OF_A_FILE) != wanted:
                continue
            if not start <= first <= address == last:
                if last:
                    yield first, last - first
                first = address
            last = address + page
    if last:
        yield first, last - first


def _mappings() -> Iterator[Range]:
    """Private mappings that may be written to: first and last address."""
    try:
        with open("/proc/self/maps") as maps:
            lines = maps.read().splitlines()
    except OSError:
        return
    for line in lines:
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(address, 16) for address in span.split("-"))
        if rights.startswith("rw-p") and end - start <= _MOST_BYTES and name != ["[stack]"]:
            yield start, end


def _entries(address: int, size: int) -> tuple[int, ...]:
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        pagemap.seek(address // mmap.PAGESIZE * 8)
        data = pagemap.read(size // mmap.PAGESIZE * 8)
    return struct.unpack(f"{len(data) // 8}Q", data)


def _advise(address: int, size: int, advice: int) -> None:
    """Refused by older kernels, or when memory is short; then things stay as they are."""
    _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), advice)
