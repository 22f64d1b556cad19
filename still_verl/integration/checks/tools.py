"""The tools of a job: files that can be read, names that differ, and a loop that offers them; prompts that are text."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.loops import loops, runs_code
from still_verl.integration.checks.run_length import listed
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.registry import in_one_line

MULTI_TURN = "actor_rollout_ref.rollout.multi_turn"
MEDIA = ("image_key", "video_key", "audio_key")  # of `data`: the columns that verl puts into prompts


def check_tools(config: DictConfig, interpreter: InterpreterConfig) -> list[InterpreterConfig]:
    """Check the tools of a job; return the settings of each of our interpreters among them.

    Raises:
        ConfigError: a file that cannot be read, a tool that cannot be made, or tools that nothing offers to the model.
    """
    multi_turn = config.actor_rollout_ref.rollout.multi_turn
    files = [name for name in ("tool_config_path", "function_tool_path") if multi_turn[name]]
    for name in files:
        if not Path(str(multi_turn[name])).expanduser().is_file():
            raise ConfigError(f"{MULTI_TURN}.{name}={multi_turn[name]}: there is no such file; correct the path")
    if not files:
        return []
    if runs_code(config) and len(loops(config)) == 1 and interpreter.format != "tool_call":
        raise ConfigError(
            f"{MULTI_TURN}.{files[0]}={multi_turn[files[0]]}: with still.interpreter.format={interpreter.format} "
            "no prompt offers tools; set still.interpreter.format=tool_call, or drop it"
        )
    return _interpreters(config)


def _interpreters(config: DictConfig) -> list[InterpreterConfig]:
    """Read the settings of our interpreters from the job's file of tools."""
    # Not above: a job without tools has no need of them.
    from still_verl.integration.agent_loops.tool_calls import NAME
    from still_verl.integration.verl_tool import CodeInterpreter, read_config

    path = config.actor_rollout_ref.rollout.multi_turn.tool_config_path
    if not path:
        return []
    key = f"{MULTI_TURN}.tool_config_path={path}"
    try:
        entries: Any = OmegaConf.to_container(OmegaConf.load(Path(path).expanduser()), resolve=True)
        tools = [(str(entry["class_name"]), dict(entry["config"])) for entry in entries["tools"]]
    except Exception as error:  # whatever is in the file
        raise ConfigError(f"{key}: {in_one_line(error)}; write a list `tools` of class_name and config") from error
    ours = f"{CodeInterpreter.__module__}.{CodeInterpreter.__name__}"
    found = [read_config(options) for name, options in tools if name == ours]
    if found and runs_code(config) and len(loops(config)) == 1:
        raise ConfigError(f"{key}: the agent loop still_code has a tool {NAME} itself; drop that entry")
    return found


def check_text_only(config: DictConfig) -> None:
    """Check that no prompt of a job whose loops run code has an image, video or audio, which they cannot read.

    Raises:
        ConfigError: names the file and the column.
    """
    for name in ("train_files", "val_files"):
        for file in listed(config.data[name]):
            path = Path(file).expanduser()
            if path.suffix != ".parquet" or not path.is_file():
                continue
            for column in [config.data.get(key) for key in MEDIA]:
                if column in pq.read_schema(path).names and _has_entries(path, column):
                    raise ConfigError(
                        f"data.{name}={file}: the column {column} has entries, and the agent loop still_code reads "
                        "text; set still/rollout=single_turn, or drop that column"
                    )


def _has_entries(path: Path, column: str) -> bool:
    """Say whether a row of a column is neither null nor an empty list."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=64, columns=[column]):
        if any(batch.column(0).to_pylist()):
            return True
    return False
