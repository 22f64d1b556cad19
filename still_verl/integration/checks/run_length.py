"""How many steps a run has, before verl counts them."""

from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig, ListConfig


def run_length(config: DictConfig) -> int | None:
    """Return the steps of the run as verl will count them; None where that takes reading files that are not here.

    verl counts the prompts that are left when those that are too long are filtered out; here they count.
    """
    if config.trainer.total_training_steps is not None:
        return int(config.trainer.total_training_steps)
    rows = train_rows(config)
    if rows is None:
        return None
    return max(1, rows // int(config.data.train_batch_size) * int(config.trainer.total_epochs))


def train_rows(config: DictConfig) -> int | None:
    """Count the prompts that are trained on; None unless all files are parquet files of this machine."""
    rows = 0
    for name in listed(config.data.train_files):
        path = Path(name).expanduser()
        if path.suffix != ".parquet" or not path.is_file():
            return None
        try:
            rows += pq.ParquetFile(path).metadata.num_rows
        except (OSError, ValueError):  # `data` says what is wrong with it
            return None
    limit = config.data.get("train_max_samples", -1)
    if limit and 0 < limit < rows:
        return int(limit)
    return rows


def listed(value: object) -> list[str]:
    """Return the files of a setting: verl takes one or a list of them."""
    if isinstance(value, ListConfig | list):
        return [str(name) for name in value]
    return [str(value)]
