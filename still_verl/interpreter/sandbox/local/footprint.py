"""What of the machine's memory the interpreter holds, so that a limit on address space is a limit on memory.

A child shares the memory of its server. It could unmap libraries and use their address space for memory of its own, or
make them writable and take a copy of each page. So the filter of system calls keeps the ranges that this module finds
as they are, and what a program may map on top is what is left of its limit, without all that it can copy.
"""

import ctypes
import mmap
from dataclasses import dataclass

from still_verl.processes import children

_MIN_GAP = 2**30  # between two ranges; smaller gaps are filled, so that nothing of a program lies among the libraries
_MIN_RANGE = 2**20  # smaller ones are not worth the instructions of a filter
_NO_REPLACE, _NO_RESERVE = 0x100000, 0x4000  # flags of mmap
_APART = ("[heap]", "[stack]", "[vsyscall]")  # these grow, or are no memory

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p


@dataclass(frozen=True)
class Footprint:
    """What a forked child has from the beginning.

    Attributes:
        address_bytes: mapped, which is what `RLIMIT_AS` counts.
        writable_bytes: private and writable: what a child can take a copy of.
        protected: ranges of memory, as (first address, address behind the last); empty where nothing protects them.
    """

    address_bytes: int
    writable_bytes: int
    protected: tuple[tuple[int, int], ...] = ()

    def address_limit(self, memory_bytes: int) -> int:
        """Return how much a program may have mapped so that it takes at most `memory_bytes` of the machine."""
        return self.address_bytes + memory_bytes - self.writable_bytes


def measure() -> Footprint:
    """Fill the gaps between this process's mappings and describe them. Reads /proc.

    Raises:
        OSError: there is no /proc.
    """
    ranges = [(start, end) for start, end in _ranges() if end - start >= _MIN_RANGE]
    for start, end in ranges:
        _fill_gaps(start, end)
    return Footprint(children.address_space(), _writable_bytes(), tuple(ranges))


def _mappings() -> list[tuple[int, int, str]]:
    """Return the mappings of this process, in order: start, end, name."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps.read().splitlines():
            span, _, _, _, _, *name = line.split(maxsplit=5)
            start, end = span.split("-")
            found.append((int(start, 16), int(end, 16), "".join(name)))
    return found


def _ranges() -> list[tuple[int, int]]:
    """Return the ranges that mappings which lie close to each other make up."""
    ranges: list[tuple[int, int]] = []
    starts_anew = True
    for start, end, name in _mappings():
        if name in _APART:
            starts_anew = True  # nothing may lie in the way of what grows
        elif starts_anew or start - ranges[-1][1] > _MIN_GAP:
            ranges.append((start, end))
            starts_anew = False
        else:
            ranges[-1] = (ranges[-1][0], end)
    return ranges


def _fill_gaps(start: int, end: int) -> None:
    """Map inaccessible memory between the mappings from `start` to `end`; it costs nothing."""
    position = start
    for first, last, _ in _mappings():
        if not start <= first < end:
            continue
        if first > position:
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE | _NO_REPLACE
            size = ctypes.c_size_t(first - position)
            _libc.mmap(ctypes.c_void_p(position), size, 0, flags, -1, ctypes.c_long(0))
        position = last


def _writable_bytes() -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmData")


def private_bytes(pid: int) -> int | None:
    """Return at most how much memory a child has that it does not share with its server.

    None unless it is stopped: it may have taken more a moment later.

    The kernel tells how much it has, with what it shares, and how many pages it was given: the smaller one holds. There
    are no huge pages, see `limits.count_each_page`.
    """
    try:
        with open(f"/proc/{pid}/status") as status:
            lines = status.read().splitlines()
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] != "T":
        return None
    resident = 0
    for name, _, value in (line.partition(":") for line in lines):
        if name in ("RssAnon", "RssShmem"):
            resident += int(value.split()[0]) * 1024
    faults = int(fields[7]) + int(fields[9])
    return min(resident, faults * mmap.PAGESIZE)
