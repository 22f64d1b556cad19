"""The standard input of a program: a file in memory that can only be read, so that its size can block nobody."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import overload


@overload
@contextmanager
def input_file(data: str | bytes) -> Iterator[int]: ...


@overload
@contextmanager
def input_file(data: str | bytes | None) -> Iterator[int | None]: ...


@contextmanager
def input_file(data: str | bytes | None) -> Iterator[int | None]:
    """Yield a descriptor from which `data` can be read, and close it; None for None.

    A pipe would have to be filled while the program reads, and fills up when it does not read.

    Args:
        data: the input; text is written in UTF-8.
    """
    if data is None:
        yield None
        return
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    written = os.memfd_create("stdin")
    try:
        with open(written, "wb", closefd=False) as file:
            file.write(data)
        readable = os.open(f"/proc/self/fd/{written}", os.O_RDONLY | os.O_CLOEXEC)  # from the begin, and read only
    finally:
        os.close(written)
    try:
        yield readable
    finally:
        os.close(readable)
