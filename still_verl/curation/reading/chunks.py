"""Reads a file chunk by chunk, whatever its format is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation.reading.find import InputFile
from still_verl.curation.reading.folders import without_packed
from still_verl.curation.reading.lines import Unreadable, beginning, read_lines, unpacked
from still_verl.curation.reading.strict_json import rows_of_list
from still_verl.curation.reading.tables import ARROW, PARQUET, read_arrow, read_parquet

Item = bytes | dict[str, Any] | Unreadable  # a line, a row of a table, or why there is none
MAX_JSON = 1 << 29  # bytes of a file that is one JSON list: it is read as a whole
_FIRST = 4096  # bytes, in which a file says what it is


@dataclass(frozen=True)
class Chunk:
    """Some lines or rows that follow each other.

    Attributes:
        file: the label of their file.
        number: counts the chunks of the file, from 0.
        first_line: where the first one stands, from 1.
        items: the lines as bytes, rows of a table, or why one cannot be read.
    """

    file: str
    number: int
    first_line: int
    items: list[Item]


def read_chunks(file: InputFile, size: int) -> Iterator[Chunk]:
    """Yield a file in chunks of `size` lines; the last may be shorter.

    Raises:
        ConfigError: the file cannot be read at all.
    """
    items: list[Item] = []
    number = 0
    try:
        for item in _items(file):
            items.append(item)
            if len(items) == size:
                yield Chunk(file.label, number, number * size + 1, items)
                items, number = [], number + 1
    except OSError as error:
        raise ConfigError(f"{file.option} {file.path}: it cannot be read: {error}") from error
    if items:
        yield Chunk(file.label, number, number * size + 1, items)


def _items(file: InputFile) -> Iterable[Item]:
    with file.path.open("rb") as opened:
        first = opened.read(_FIRST)
    if first.startswith(PARQUET) or file.path.suffix == ".parquet":
        return read_parquet(file.path)
    if first.startswith(ARROW) or file.path.suffix == ".arrow":
        return read_arrow(file.path)
    inside = beginning(file.path, _FIRST)
    if inside.startswith((PARQUET, ARROW)):
        return [Unreadable("it is a compressed table: unpack it, they are compressed inside")]
    if without_packed(file.path.name).endswith(".json") and inside.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return _listed(file)
    return read_lines(file.path)


def _listed(file: InputFile) -> Iterable[Item]:
    """The rows of a file that is one JSON list."""
    with unpacked(file.path) as (opened, damages):
        try:
            data = opened.read(MAX_JSON + 1)
        except damages as error:
            return [Unreadable(f"the compressed file is damaged: {error}"[:200])]
    if len(data) > MAX_JSON:
        raise ConfigError(
            f"{file.option} {file.path}: a JSON list of more than 512 MB is not read; write one row a line"
        )
    try:
        return rows_of_list(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return [Unreadable(f"it is no JSON list: {error}"[:200])]
