"""A column `agent_name` of the data chooses an agent loop for each prompt, whatever the job's default is."""

from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.callbacks.sampling import COLUMN, obeys_the_step
from still_verl.integration.checks.data import listed


def check_agent_names(config: DictConfig, still: StillConfig) -> None:
    """Check that every agent loop that the data name obeys the budget and temperature of a step.

    Other loops would sample with other values than log-probs use. Files that are not parquet are checked when their
    prompts are sent.

    Raises:
        ConfigError: names the file, the loop and the fix.
    """
    training = "still.context.stages" if still.context.stages else ""
    if still.temperature.scheduled:
        training = "still.temperature"
    validation = "still.context.validation" if still.context.validation else ""
    for key, setting in (("train_files", training), ("val_files", validation)):
        if not setting:
            continue
        for name in listed(config.data[key]):
            for loop in agent_names(Path(name).expanduser()):
                if not obeys_the_step(loop):
                    raise ConfigError(
                        f"data.{key}={name}: its column {COLUMN} has {loop}, an agent loop that does not read "
                        f"{setting}: name one of ours there (still, still_code), or drop the column"
                    )


def agent_names(path: Path) -> list[str]:
    """Return the agent loops that a parquet file names; none if it has no such column or is no such file."""
    if not path.is_file() or path.suffix != ".parquet" or COLUMN not in pq.read_schema(path).names:
        return []
    column = pq.read_table(path, columns=[COLUMN]).column(0)
    return sorted(map(str, column.unique().to_pylist()))
