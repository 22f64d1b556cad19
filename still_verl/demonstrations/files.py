"""Reads files of rows: JSONL or a JSON list, compressed or not, or parquet."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from still_verl.demonstrations.rows import RowError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def read_rows(path: Path) -> Iterator[Any]:
    """Yield the rows of a file.

    Raises:
        RowError: it cannot be read, has no rows, or a line of it is no JSON.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise RowError(f"{path} cannot be read ({error.strerror}): give a file of rows") from None
    rows = _parquet(path) if start == b"PAR1" else _json(path)
    found = False
    for row in rows:
        found = True
        yield row
    if not found:
        raise RowError(f"{path} has no rows: give a file with one row a line")


def _json(path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        raise RowError(f"{path} is no parquet file: write it again, or name it .jsonl if it is one")
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RowError(f"{path} is no text in UTF-8: give JSONL or parquet") from None
    except (EOFError, zlib.error, OSError) as error:
        raise RowError(f"{path} is damaged ({error}): pack it again") from None
    if text.lstrip().startswith("["):
        yield from _load(text, str(path))
        return
    # Not `splitlines`: a text in JSON may have other characters that it takes for the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _load(line, f"{path} line {number}")


def _bytes(path: Path) -> bytes:
    """A file, or what is in it if it is compressed."""
    data = path.read_bytes()
    if data.startswith(_GZIP):
        return gzip.decompress(data)
    if data.startswith(_ZSTD):
        import pyarrow as pa

        return bytes(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read())
    return data


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(f"{where} is no JSON ({error}): write one row a line") from None


def _parquet(path: Path) -> Iterator[Any]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise RowError(f"{path} is parquet, which needs pyarrow: pip install pyarrow, or give JSONL") from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    except (OSError, ValueError) as error:
        raise RowError(f"{path} cannot be read as parquet ({error}): write it again") from None
