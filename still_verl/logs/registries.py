"""The formats of logs by their names; docs/diagnose.md has a table made from it.

Of two logs of one run the one of the format that comes first is read: first what has all digits, then what rounds.
"""

from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.logs.format import LogFormat


def _is_format(found: Any) -> bool:
    from still_verl.logs.format import LogFormat

    return isinstance(found, LogFormat)


_LOGS = "still_verl.logs"

FORMATS: "Registry[LogFormat]" = Registry(
    "--format",
    "a still_verl.logs.format.LogFormat",
    {
        "still": f"{_LOGS}.json_lines.STILL",
        "still_sft": f"{_LOGS}.json_lines.SUPERVISED_RUN",
        "verl_file": f"{_LOGS}.json_lines.VERL_FILE",
        "wandb_offline": f"{_LOGS}.wandb_offline.WANDB_OFFLINE",
        "trackio": f"{_LOGS}.trackio.TRACKIO",
        "mlflow": f"{_LOGS}.mlflow_sqlite.MLFLOW",
        "mlflow_files": f"{_LOGS}.mlflow_files.MLFLOW_FILES",
        "swanlab": f"{_LOGS}.swanlab.SWANLAB",
        "trl": f"{_LOGS}.trl.TRL",
        "wandb_history": f"{_LOGS}.json_lines.HISTORY",
        "wandb_json": f"{_LOGS}.trl.JSON_LIST",
        "tensorboard": f"{_LOGS}.tensorboard.TENSORBOARD",
        "wandb_csv": f"{_LOGS}.csv_table.CSV",
        "verl_console": f"{_LOGS}.console.CONSOLE",
        "verl_dump": f"{_LOGS}.dumps.DUMPS",
    },
    _is_format,
)
