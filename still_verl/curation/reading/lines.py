"""Reads the lines of a text, compressed with gzip or zstd or not; each is a line of bounded length or a reason."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MAX_LINE = 16 << 20  # bytes; a longer line is rejected, and takes no more memory than this
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Unreadable:
    """Why there is no row here."""

    cause: str


def read_lines(path: Path) -> Iterator[bytes | Unreadable]:
    """Yield each line without its line break. What follows a damage in a compressed file is one unreadable line.

    Raises:
        OSError: the file cannot be opened.
    """
    with unpacked(path) as (file, damages):
        try:
            for number, line in enumerate(_lines(file)):
                if not number and isinstance(line, bytes) and line.startswith(_UTF16):
                    yield Unreadable("the file is UTF-16: convert it to UTF-8")
                    return
                yield line
        except damages as error:
            yield Unreadable(f"the compressed file is damaged from here on: {error}"[:200])


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], tuple[type[BaseException], ...]]]:
    """Open a file, as what is in it if it is compressed; gives the exceptions with which reading finds a damage, too.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        first = file.read(4)
        file.seek(0)
        if first.startswith(_GZIP):
            packed: Any = gzip.GzipFile(fileobj=file)
            yield packed, (EOFError, zlib.error, OSError)
        elif first.startswith(_ZSTD):
            yield _unpacked_zstd(path), (EOFError, OSError)  # pyarrow raises it for a damaged frame
        else:
            yield file, ()


def beginning(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, or of what is in it if it is compressed; none where that is damaged.

    Raises:
        OSError: the file cannot be opened.
    """
    with unpacked(path) as (file, damages):
        try:
            return file.read(size)
        except damages:
            return b""


def _unpacked_zstd(path: Path) -> IO[bytes]:
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))


def _lines(file: IO[bytes]) -> Iterator[bytes | Unreadable]:
    most = MAX_LINE + 1 + len(_BOM)  # the mark is no part of the first line
    is_first = True
    while True:
        line = file.readline(most)
        if not line:
            return
        is_cut = len(line) == most and not line.endswith(b"\n")
        if is_first:
            line, is_first, most = line.removeprefix(_BOM), False, MAX_LINE + 1
        is_long = len(line) - line.endswith(b"\n") > MAX_LINE
        if is_cut:
            _skip_line(file)
        if is_long:
            yield Unreadable(f"the line is longer than {MAX_LINE >> 20} MB")
        else:
            yield line.rstrip(b"\r\n")


def _skip_line(file: IO[bytes]) -> None:
    while True:
        rest = file.readline(MAX_LINE)
        if not rest or rest.endswith(b"\n"):
            return
