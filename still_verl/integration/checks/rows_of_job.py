"""Every row of a job's data files, as far as a reward chooses by it: where it came from, and its right answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.rows import FORMATS, json_rows
from still_verl.integration.checks.run_length import listed

SOURCE, GOLD = "data_source", "ground_truth"  # a column, and an entry of the column `reward_model`
_BATCH = 256  # rows at once: the tests of a program may be megabytes


@dataclass(frozen=True)
class DataFile:
    """A data file of a job.

    Attributes:
        key: the setting with the file as it is given, for messages.
        path: where it is.
    """

    key: str
    path: Path

    @property
    def readable(self) -> bool:
        """Whether it is a file of this machine in a format that verl reads."""
        return self.path.suffix in FORMATS and self.path.is_file()

    def rows(self, with_source: bool = True) -> Iterator[tuple[int, str, Any]]:
        """Yield (number, source, right answer) of each row; the source is empty where it is not asked for.

        Raises:
            ConfigError: the column `reward_model` has no right answer.
        """
        if self.path.suffix != ".parquet":
            yield from self._json_rows()
            return
        parquet = pq.ParquetFile(self.path)
        column = parquet.schema_arrow.field("reward_model").type
        if GOLD not in [column.field(index).name for index in range(column.num_fields)]:
            raise self._without_gold()
        columns = [f"reward_model.{GOLD}"]
        if with_source and SOURCE in parquet.schema_arrow.names:
            columns.append(SOURCE)
        number = 0
        for batch in parquet.iter_batches(_BATCH, columns=columns):
            for row in batch.to_pylist():
                yield number, str(row.get(SOURCE, "")), (row["reward_model"] or {}).get(GOLD)
                number += 1

    def first_rows(self, most: int) -> dict[str, tuple[int, dict[str, Any]]]:
        """Return number and columns of the first row of each source, of `most` sources."""
        found: dict[str, tuple[int, dict[str, Any]]] = {}
        if self.path.suffix != ".parquet":
            for number, row in enumerate(json_rows(self.path)):
                source = str(row.get(SOURCE, ""))
                if source not in found and len(found) < most:
                    found[source] = (number, row)
            return found
        parquet = pq.ParquetFile(self.path)
        for source, number in list(_first_of_each(parquet).items())[:most]:
            found[source] = (number, _row(parquet, number))
        return found

    def _json_rows(self) -> Iterator[tuple[int, str, Any]]:
        for number, row in enumerate(json_rows(self.path)):
            answers = row.get("reward_model")
            if not isinstance(answers, dict) or GOLD not in answers:
                raise self._without_gold()
            yield number, str(row.get(SOURCE, "")), answers[GOLD]

    def _without_gold(self) -> ConfigError:
        return ConfigError(f"{self.path}: the column reward_model has no {GOLD}: add it, as verl's docs of data show")


def _first_of_each(parquet: pq.ParquetFile) -> dict[str, int]:
    """Return the number of the first row of each source."""
    if SOURCE not in parquet.schema_arrow.names:  # another column may be named in data.reward_fn_key
        return {"": 0}
    first: dict[str, int] = {}
    number = 0
    for batch in parquet.iter_batches(columns=[SOURCE]):
        for source in batch.column(0).to_pylist():
            first.setdefault(str(source), number)
            number += 1
    return first


def _row(parquet: pq.ParquetFile, number: int) -> dict[str, Any]:
    """Return a row by its number in the file; only its group is read."""
    for group in range(parquet.num_row_groups):
        size = parquet.metadata.row_group(group).num_rows
        if number < size:
            break
        number -= size
    for batch in parquet.iter_batches(_BATCH, row_groups=[group]):
        if number < len(batch):
            break
        number -= len(batch)
    found: dict[str, Any] = batch.slice(number, 1).to_pylist()[0]
    return found


def data_files(config: DictConfig) -> list[DataFile]:
    """List the data files of a job, each once, also those that are not of this machine."""
    files: dict[Path, DataFile] = {}
    for key in ("train_files", "val_files"):
        for name in listed(config.data[key]):
            path = Path(name).expanduser()
            files.setdefault(path, DataFile(f"data.{key}={name}", path))
    return list(files.values())
