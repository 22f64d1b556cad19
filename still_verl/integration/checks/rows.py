"""Some rows of a data file, from its beginning and its end."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig

from still_verl.integration.checks.run_length import listed

FORMATS = (".parquet", ".json", ".jsonl")  # those of verl's dataset
ROWS = 256  # looked at in each file


def read_rows(path: Path, count: int = ROWS) -> list[dict[str, Any]]:
    """Read up to `count` rows: of a parquet file half of them from its last group of rows.

    Raises:
        OSError, ValueError: the file cannot be read.
    """
    if path.suffix != ".parquet":
        return list(islice(json_rows(path), count))
    parquet = pq.ParquetFile(path)
    first = list(islice(_batches(parquet, 0), count))
    if parquet.num_row_groups > 1:
        first = first[: count // 2] + list(islice(_batches(parquet, parquet.num_row_groups - 1), count // 2))
    return first


def _batches(parquet: pq.ParquetFile, group: int) -> Iterator[dict[str, Any]]:
    for batch in parquet.iter_batches(ROWS, row_groups=[group]):
        yield from batch.to_pylist()


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file with one object a line, or of one list."""
    with path.open() as file:
        if file.read(1) == "[":
            file.seek(0)
            yield from json.load(file)
            return
        file.seek(0)
        for line in file:
            if line.strip():
                yield json.loads(line)


def local_files(config: DictConfig) -> Iterator[tuple[str, str, Path]]:
    """Yield (setting, file as given, path) of each data file of this machine."""
    for key in ("train_files", "val_files"):
        for name in listed(config.data[key]):
            path = Path(name).expanduser()
            if path.is_file():
                yield f"data.{key}", name, path
