"""The data files of a job: there, readable, with the columns that are read, and enough rows for the run."""

from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.demo.files import home
from still_verl.integration.checks.rows import FORMATS, read_rows
from still_verl.integration.checks.run_length import listed, train_rows


def check_data(config: DictConfig) -> None:
    """Check that every data file exists, has rows, and the columns that verl and the rewards read."""
    needed = [config.data.prompt_key, config.data.reward_fn_key, "reward_model"]
    for key in ("train_files", "val_files"):
        names = listed(config.data[key])
        if not names:
            raise ConfigError(f"data.{key}=[]: give at least one file")
        for name in names:
            check_data_file(f"data.{key}", name, needed)
    check_length(config)


def check_data_file(key: str, name: str, needed: list[str]) -> None:
    """Check one file; remote ones are verl's to fetch and are not looked at."""
    if "://" in name:
        return
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"{key}={name}: there is no such file{demo_hint(path)}")
    if path.suffix not in FORMATS:
        raise ConfigError(f"{key}={name}: verl reads {', '.join(FORMATS)}; convert it")
    columns = read_columns(key, name)
    missing = [column for column in needed if column not in columns]
    if missing:
        have = ", ".join(columns)
        raise ConfigError(f"{key}={name}: no column {', '.join(missing)}; it has {have}. Add the missing columns")


def read_columns(key: str, name: str) -> list[str]:
    """Return the columns of a file with at least one row.

    Raises:
        ConfigError: it cannot be read, or has no rows.
    """
    path = Path(name).expanduser()
    try:
        if path.suffix == ".parquet":
            parquet = pq.ParquetFile(path)
            count, columns = parquet.metadata.num_rows, list(parquet.schema_arrow.names)
        else:
            rows = read_rows(path, 1)
            count, columns = len(rows), list(rows[0] if rows else {})
    except (OSError, ValueError) as error:
        kind = path.suffix.removeprefix(".")
        raise ConfigError(
            f"{key}={name}: not a readable {kind} file ({' '.join(str(error).split())}); write it again"
        ) from error
    if count == 0:
        raise ConfigError(f"{key}={name}: the file has no rows; add some")
    return columns


def check_length(config: DictConfig) -> None:
    """Check that the rows make at least one batch, and enough of them for all steps.

    verl drops the last part of an epoch that is no whole batch: fewer rows than that, and it has nothing to train on.
    """
    rows = train_rows(config)
    if rows is None:
        return
    batch, epochs = config.data.train_batch_size, config.trainer.total_epochs
    if batch > rows:
        raise ConfigError(
            f"data.train_batch_size={batch}: more than the {rows} rows of data.train_files (data.train_max_samples="
            f"{config.data.get('train_max_samples', -1)}), so that there is not one batch; set it to {rows} or less"
        )
    steps, wanted = rows // batch * epochs, config.trainer.total_training_steps
    if wanted is not None and wanted > steps:
        raise ConfigError(
            f"trainer.total_training_steps={wanted}: trainer.total_epochs={epochs} times {rows} rows in batches of "
            f"{batch} are {steps} steps, and verl stops there; raise trainer.total_epochs to "
            f"{-(-wanted // (rows // batch))}"
        )


def demo_hint(path: Path) -> str:
    """Say how to get a file that is not there: one of a demo model can be made."""
    if home() not in path.parents:
        return "; correct the path"
    return f"; make it with: still-verl demo-model {path.relative_to(home()).parts[0]}"
