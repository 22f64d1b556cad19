"""Opens files as they lie on disk: compressed or not, torn, of any encoding, with lines of any length."""

import codecs
import gzip
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

GZIP = b"\x1f\x8b"
LONGEST = 1 << 24  # bytes of a line; a longer one is left out
CHUNK = 1 << 20
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Notes:
    """Says what was left out of a log, or changed, and how often: each kind is one text."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, text: str, times: int = 1) -> None:
        """Count something; "{n}" in the text stands for the number of times."""
        self.counts[text] += times

    def texts(self) -> list[str]:
        """Return all that was noted, in the order of its first time."""
        return [text.replace("{n}", f"{times:,}") for text, times in self.counts.items()]


def is_gzip(path: Path) -> bool:
    """Return whether a file is compressed, whatever it is called."""
    return head(path, len(GZIP), unpack=False) == GZIP


def head(path: Path, size: int, unpack: bool = True) -> bytes:
    """Return the first bytes of a file, unpacked; fewer if it ends before.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        first = file.read(size)
    if not unpack or not first.startswith(GZIP):
        return first
    for chunk in chunks(path, Notes()):
        return chunk[:size]
    return b""


def chunks(path: Path, notes: Notes) -> Iterator[bytes]:
    """Yield a file piece by piece, unpacked; one that is torn or damaged ends there, which is noted."""
    opened: IO[bytes] = path.open("rb")
    if is_gzip(path):
        opened.close()
        opened = gzip.open(path, "rb")  # type: ignore[assignment]
    with opened as file:
        while True:
            try:
                chunk = file.read1(CHUNK)  # type: ignore[attr-defined]
            except (EOFError, zlib.error, gzip.BadGzipFile):
                notes.add(f"{path.name} is compressed and ends in the middle: what follows is missing")
                return
            if not chunk:
                return
            yield chunk


def lines(path: Path, notes: Notes) -> Iterator[str]:
    """Yield the lines of a text, each with its line break, as a stream; the last one may have none.

    Bytes that are no text are replaced. A byte order mark says the encoding, else it is UTF-8.
    """
    encoding = "utf-8"
    pieces = chunks(path, notes)
    first = next(pieces, b"")
    for mark, name in MARKS:
        if first.startswith(mark):
            first, encoding = first[len(mark) :], name
            break
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = decoder.decode(first)
    for piece in pieces:
        yield from _whole(rest)
        rest = rest[rest.rfind("\n") + 1 :]
        if len(rest) > LONGEST:
            notes.add("pieces of lines left out that are too long: {n}")
            rest = ""
        rest += decoder.decode(piece)
    yield from _whole(rest)
    rest = rest[rest.rfind("\n") + 1 :] + decoder.decode(b"", final=True)
    if rest:
        yield rest


def _whole(text: str) -> Iterator[str]:
    """Yield the lines that end. Not `splitlines`, which would also split where a response has a separator."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1


@contextmanager
def plain(path: Path, notes: Notes) -> Iterator[Path]:
    """Give a path at which a file lies uncompressed, for readers that cannot read a stream."""
    if not is_gzip(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=path.stem) as copy:
        for chunk in chunks(path, notes):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def unpacked_name(path: Path) -> str:
    """Return the name of a file without `.gz`."""
    return path.name.removesuffix(".gz")


def changes(paths: Sequence[Path]) -> list[tuple[str, int, int]]:
    """Return what is different when one of some files was changed: names, sizes, times."""
    found = []
    for path in paths:
        # What is added to a data base may lie beside it for a while.
        for file in (path, path.with_name(f"{path.name}-wal")):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_size, stat.st_mtime_ns))
    return found


def last_change(paths: Sequence[Path]) -> float | None:
    """Return when one of some files was last written, in seconds of the epoch; None where there is none."""
    times = [time for _, _, time in changes(paths)]
    if not times:
        return None
    return max(times) / 1e9
