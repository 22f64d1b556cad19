"""Reads tables batch by batch: parquet, and the Arrow files that the library `datasets` writes."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from still_verl.curation.reading.lines import Unreadable

PARQUET = b"PAR1"
ARROW = b"ARROW1"
BATCH = 1000  # rows


def read_parquet(path: Path) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield the rows of a parquet file; one whose end is missing has none, and says so."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                yield from _rows(batch)
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Unreadable(f"the parquet file is damaged: {error}"[:200])


def read_arrow(path: Path) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield the rows of an Arrow file, in its format for streams or for files."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            try:
                batches: Any = pa.ipc.open_stream(source)
            except pa.ArrowInvalid:
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            for batch in batches:
                for start in range(0, batch.num_rows, BATCH):
                    yield from _rows(batch.slice(start, BATCH))
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Unreadable(f"the Arrow file is damaged: {error}"[:200])


def _rows(batch: Any) -> Iterator[dict[str, Any] | Unreadable]:
    """The rows of a batch; each by itself where one of them is damaged."""
    twice = [name for name, uses in Counter(batch.schema.names).items() if uses > 1]
    if twice:
        cause = f"two columns are called {twice[0]!r:.60}"
        yield from (Unreadable(cause) for _ in range(batch.num_rows))
        return
    try:
        yield from _checked(batch)
    except ValueError:  # what pyarrow raises, and for bytes that are no text
        for number in range(batch.num_rows):
            try:
                yield from _checked(batch.slice(number, 1))
            except ValueError as error:
                yield Unreadable(f"its values are damaged: {error}"[:200])


def _checked(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch whose offsets lie in its buffers: reading others would end the process."""
    batch.validate(full=True)
    rows: list[dict[str, Any]] = _in_few_digits(batch).to_pylist()
    return rows


def _in_few_digits(batch: Any) -> Any:
    """A batch whose short floats are as they were written: 0.1 with 32 bits is 0.10000000149 with 64."""
    import pyarrow as pa

    for number, column in enumerate(batch.schema):
        if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
            values = batch.column(number).to_numpy(zero_copy_only=False)  # which has NaN for null
            is_there = batch.column(number).is_valid().to_pylist()
            short = [float(str(value)) if there else None for value, there in zip(values, is_there, strict=True)]
            batch = batch.set_column(number, column.name, pa.array(short, pa.float64()))
    return batch
