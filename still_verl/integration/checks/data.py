"""What a job reads is there: data files with the columns that are needed, and a model."""

from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig, ListConfig

from still_verl.config_errors import ConfigError
from still_verl.demo.files import home


def check_data(config: DictConfig) -> None:
    """Check that every data file exists, has rows, and the columns that verl and the rewards read."""
    needed = [config.data.prompt_key, config.data.reward_fn_key, "reward_model"]
    for key in ("train_files", "val_files"):
        for name in listed(config.data[key]):
            check_data_file(f"data.{key}", name, needed)


def listed(value: object) -> list[str]:
    """Return the files of a setting: verl takes one or a list of them."""
    if isinstance(value, ListConfig | list):
        return [str(name) for name in value]
    return [str(value)]


def check_data_file(key: str, name: str, needed: list[str]) -> None:
    """Check one file; remote ones are verl's to fetch and are not looked at."""
    if "://" in name:
        return
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"{key}={name}: there is no such file{_demo_hint(path)}")
    if path.suffix != ".parquet":
        return  # verl reads JSON too; its columns are known only after parsing all of it
    try:
        parquet = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}={name}: not a readable parquet file ({error})") from error
    missing = [column for column in needed if column not in parquet.schema_arrow.names]
    if missing:
        have = ", ".join(parquet.schema_arrow.names)
        raise ConfigError(f"{key}={name}: no column {', '.join(missing)}; it has {have}. Add the missing columns")
    if parquet.metadata.num_rows == 0:
        raise ConfigError(f"{key}={name}: the file has no rows")


def check_prompt(config: DictConfig) -> None:
    """Check that not both the data and the template ask for `<think>`: the model would be asked twice."""
    template = config.data.apply_chat_template_kwargs.get("chat_template", "")
    if "<think>" not in template:
        return
    for name in listed(config.data.train_files) + listed(config.data.val_files):
        path = Path(name).expanduser()
        if not path.is_file() or path.suffix != ".parquet":
            continue
        if "<think>" in str(first_prompt(path, config.data.prompt_key)):
            raise ConfigError(
                f"data.apply_chat_template_kwargs.chat_template has <think>, and so have the prompts of {name}: "
                "set still/prompt=raw to take them as they are, or still/prompt=inherit for the model's own template"
            )


def first_prompt(path: Path, column: str) -> object:
    """Return the prompt of a parquet file's first row: verl's list of messages."""
    return next(pq.ParquetFile(path).iter_batches(1, columns=[column])).column(0)[0].as_py()


def check_model(config: DictConfig) -> None:
    """Check that the model is a folder with a config.json; a name on a hub (`org/name`) is left to verl."""
    name = str(config.actor_rollout_ref.model.path)
    path = Path(name).expanduser()
    looks_like_hub = name.count("/") == 1 and not name.startswith((".", "~", "/")) and not path.exists()
    if "://" in name or looks_like_hub:
        return
    if not (path / "config.json").is_file():
        what = "there is no such folder"
        if path.is_dir():
            what = "the folder has no config.json"
        raise ConfigError(f"actor_rollout_ref.model.path={name}: {what}{_demo_hint(path)}")


def _demo_hint(path: Path) -> str:
    """Say how to make a file of a demo model that is not there yet."""
    if home() not in path.parents:
        return ""
    return f"; make it with: still-verl demo-model {path.relative_to(home()).parts[0]}"
