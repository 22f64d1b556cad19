"""Records of binary logs: how TensorBoard, wandb and SwanLab frame them, and the messages of protobuf in them.

The formats are documented, and small. Reading them here needs none of the packages that wrote them, of whatever
version: wandb 0.31 has no reader for Python at all.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from still_verl.logs.files import Notes, chunks

BLOCK, HEADER = 32768, 7  # of a log of LevelDB, https://github.com/google/leveldb/blob/main/doc/log_format.md
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
LONGEST = 1 << 28  # bytes of a record; one that says it is longer is damaged
TORN = "{path} ends in the middle of a record, as while it is written: what follows is missing"
DAMAGED = "{path} is damaged after {place:,} bytes: what follows was left out"

Message = dict[int, list[int | float | bytes]]  # the values of each field, by its number


class Stream:
    """Reads so many bytes at a time of a file that comes piece by piece."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self.place = 0  # bytes that were read
        self._pieces = chunks(path, notes)
        self._kept = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes; fewer at the end of the file."""
        parts = [self._kept]
        missing = size - len(self._kept)
        while missing > 0:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            missing -= len(piece)
        data = b"".join(parts)
        self._kept = data[size:]
        found = data[:size]
        self.place += len(found)
        return found

    def torn(self) -> None:
        """Note that the file ends too early."""
        self.notes.add(TORN.format(path=self.path.name))

    def damaged(self) -> None:
        """Note that what comes now cannot be what was written."""
        self.notes.add(DAMAGED.format(path=self.path.name, place=self.place))


def tensorboard_records(path: Path, notes: Notes) -> Iterator[bytes]:
    """Yield the records of a file of TensorBoard: length, its checksum, data, their checksum."""
    stream = Stream(path, notes)
    while header := stream.read(12):
        if len(header) < 12:
            return stream.torn()
        (length,) = struct.unpack("<Q", header[:8])
        if length > LONGEST:
            return stream.damaged()
        data = stream.read(length + 4)
        if len(data) < length + 4:
            return stream.torn()
        yield data[:length]


def leveldb_records(path: Path, notes: Notes) -> Iterator[bytes]:
    """Yield the records of a log of wandb or SwanLab, which begins with seven bytes of its own."""
    stream = Stream(path, notes)
    stream.read(HEADER)
    parts: list[bytes] = []
    while True:
        left = BLOCK - stream.place % BLOCK
        if left < HEADER:
            stream.read(left)
        header = stream.read(HEADER)
        if not header:
            return
        if len(header) < HEADER:
            return stream.torn()
        checksum, length, kind = struct.unpack("<IHB", header)
        data = stream.read(length)
        if len(data) < length:
            return stream.torn()
        if kind not in (FULL, FIRST, MIDDLE, LAST) or zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
            return stream.damaged()
        if kind in (FULL, FIRST):
            parts = []
        parts.append(data)
        if kind in (FULL, LAST):
            yield b"".join(parts)


def parse_message(data: bytes) -> Message:
    """Read a message of protobuf: whole numbers as int, doubles and floats as float, all else as bytes.

    Raises:
        ValueError: it is none.
    """
    message: Message = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        value, place = _value(data, place, tag & 7)
        message.setdefault(tag >> 3, []).append(value)
    return message


def _value(data: bytes, place: int, kind: int) -> tuple[int | float | bytes, int]:
    if kind == 0:
        return _varint(data, place)
    if kind == 1:
        end = place + 8
        found: int | float | bytes = _unpack("<d", data[place:end])
    elif kind == 5:
        end = place + 4
        found = _unpack("<f", data[place:end])
    elif kind == 2:
        length, place = _varint(data, place)
        end = place + length
        found = data[place:end]
    else:
        raise ValueError(f"a field of kind {kind}")
    if end > len(data):
        raise ValueError("a field ends behind its message")
    return found, end


def _unpack(code: str, data: bytes) -> float:
    try:
        value: float = struct.unpack(code, data)[0]
    except struct.error as error:
        raise ValueError(str(error)) from error
    return value


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a whole number of seven bits a byte, and the place behind it."""
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("a number without an end")


def integer(message: Message, field: int, default: int = 0) -> int:
    """Return a field of 64 bits with a sign; protobuf leaves out a 0."""
    value = message.get(field, [default])[-1]
    if not isinstance(value, int):
        return default
    if value >= 1 << 63:
        return value - (1 << 64)
    return value


def text(message: Message, field: int) -> str:
    """Return a field of text; empty if it is not there."""
    value = message.get(field, [b""])[-1]
    if not isinstance(value, bytes):
        return ""
    return value.decode("utf-8", "replace")


def messages(message: Message, field: int) -> Iterator[Message]:
    """Yield the messages in a field."""
    for value in message.get(field, []):
        if isinstance(value, bytes):
            yield parse_message(value)
