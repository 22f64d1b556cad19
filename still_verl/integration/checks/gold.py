"""The right answers of a job's data can be read, and a response that repeats one would be paid."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig

from still_verl import paths
from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.run_length import listed
from still_verl.rewards.gold_check import check_golds
from still_verl.rewards.presets import BOXED, Preset
from still_verl.rewards.registries import TERMS
from still_verl.rewards.terms import ANSWER_TERMS

GOLD = "ground_truth"  # the entry of the column `reward_model` that rewards read


def check_gold_answers(config: DictConfig, still: StillConfig) -> None:
    """Check the right answers of every parquet file, where a reward of ours is paid by them.

    Raises:
        ConfigError: names the file, the first faulty row, and how many there are.
    """
    preset = paid_by_answer(config, still)
    if preset is None:
        return
    for key in ("train_files", "val_files"):
        for name in listed(config.data[key]):
            check_file(f"data.{key}={name}", Path(name).expanduser(), preset)


def paid_by_answer(config: DictConfig, still: StillConfig) -> Preset | None:
    """Return the preset by which answers are judged; None for rewards that are not ours, or that pay for other things.

    Another reward may have anything as `ground_truth`: tests of a program, for one.
    """
    if config.reward.reward_manager.name == "still":
        preset = still.reward.build()
        if any(TERMS.find(name) in ANSWER_TERMS for name in preset.terms):
            return preset
        return None
    custom = config.reward.custom_reward_function
    if custom.path is None or not paths.is_reward_fn(custom.path):
        return None
    return replace(BOXED, verifier=(custom.get("reward_kwargs") or {}).get("verifier", BOXED.verifier))


def check_file(key: str, path: Path, preset: Preset) -> None:
    """Check one file, and print how many answers were looked at; of another format or place it only says so."""
    if path.suffix != ".parquet" or not path.is_file():
        print(f"still_verl: {key}: its right answers were not checked, only those of local parquet files are")
        return
    found = check_golds(read_column(path), preset.verifier)
    if found.faulty:
        raise ConfigError(
            f"{key}: row {found.first_row}: {found.fault}; {found.faulty} of {found.checked} different right answers "
            "are like this: correct or drop those rows"
        )
    print(f"still_verl: {key}: checked {found.checked:,} different right answers of {found.rows:,} rows")


def read_column(path: Path) -> Iterator[Any]:
    """Yield the right answer of each row of a parquet file.

    Raises:
        ConfigError: the column `reward_model` has no such entry.
    """
    parquet = pq.ParquetFile(path)
    column = parquet.schema_arrow.field("reward_model").type
    if GOLD not in [column.field(index).name for index in range(column.num_fields)]:
        raise ConfigError(f"{path}: the column reward_model has no {GOLD}: add it, as verl's docs of data show")
    for batch in parquet.iter_batches(columns=[f"reward_model.{GOLD}"]):
        for row in batch.column(0).to_pylist():
            yield (row or {}).get(GOLD)
