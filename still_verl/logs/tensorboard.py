"""TensorBoard files: of verl, of any trainer of Hugging Face, of TensorFlow. Those of one folder are one run."""

import struct
from collections.abc import Iterator
from pathlib import Path

from still_verl.logs.binary import Message, integer, messages, parse_message, tensorboard_records, text
from still_verl.logs.files import Notes
from still_verl.logs.format import Log, LogFormat, Row, rows_of_points
from still_verl.logs.hugging_face import trainer_names

# Fields of tensorboard's event.proto, summary.proto, tensor.proto.
STEP, SUMMARY, VALUE, TAG, SIMPLE, TENSOR = 2, 5, 1, 1, 2, 8
DTYPE, CONTENT, FLOATS, DOUBLES = 1, 4, 5, 6
KINDS = {1: ("<f", FLOATS), 2: ("<d", DOUBLES)}  # float and double


class TensorBoard(LogFormat):
    """What `SummaryWriter` writes."""

    title = "TensorBoard"
    patterns = ("*.tfevents.*",)

    def find(self, path: Path) -> list[Log]:
        if not self.fits(path):
            return []
        return [Log(path.parent, "", (path,), key=(str(path.parent),))]

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        for file in log.files:
            yield from map(trainer_names, rows_of_points(_points(file, notes)))


def _points(file: Path, notes: Notes) -> Iterator[tuple[int, str, float]]:
    for record in tensorboard_records(file, notes):
        try:
            event = parse_message(record)
            step = integer(event, STEP)
            for summary in messages(event, SUMMARY):
                for value in messages(summary, VALUE):
                    number = _scalar(value)
                    if number is not None:
                        yield step, text(value, TAG), number
        except ValueError:
            notes.add("records that could not be read: {n}")


def _scalar(value: Message) -> float | None:
    """Return the number of a value: torch writes it as such, TensorFlow as a tensor; None for pictures and texts."""
    if SIMPLE in value:
        number = value[SIMPLE][-1]
        return number if isinstance(number, float) else None
    for tensor in messages(value, TENSOR):
        code, field = KINDS.get(integer(tensor, DTYPE), ("", 0))
        content = tensor.get(CONTENT, tensor.get(field, [b""]))[-1]
        if isinstance(content, float):
            return content
        if code and isinstance(content, bytes) and len(content) == struct.calcsize(code):
            found: float = struct.unpack(code, content)[0]
            return found
    return None


TENSORBOARD = TensorBoard()
