"""A run folder holds one experiment: a job with another reward would go on from its checkpoints, and mix the curves."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError

FILE = "reward.json"  # in the run folder: the settings that decide what is rewarded
_NODES = ("reward.reward_manager", "reward.custom_reward_function", "still.reward")


def check_run_folder(config: DictConfig, still: StillConfig) -> None:
    """Refuse a folder in which a run with another reward has logged metrics.

    Raises:
        ConfigError: names the first setting that differs, both values and the fix.
    """
    if not still.run_dir:
        return
    folder = Path(still.run_dir)
    if not (folder / FILE).is_file() or not (folder / "metrics.jsonl").is_file():
        return
    before, now = json.loads((folder / FILE).read_text()), _reward_settings(config)
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            raise ConfigError(
                f"{key}={now.get(key)}: the run in {folder} has {before.get(key)}, and this job would go on from its "
                f"checkpoints; set another still.run_dir, or delete {folder / FILE} if that is what you want"
            )


def keep_reward(config: DictConfig, still: StillConfig) -> None:
    """Write down for later jobs in the folder what this one rewards."""
    if still.run_dir:
        folder = Path(still.run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(_reward_settings(config), indent=1))


def _reward_settings(config: DictConfig) -> dict[str, Any]:
    """Return the settings of a reward, by their whole keys."""
    found: dict[str, Any] = {}
    for path in _NODES:
        node = OmegaConf.to_container(OmegaConf.select(config, path, default={}), resolve=True)
        assert isinstance(node, dict)
        for key, value in node.items():
            found[f"{path}.{key!s}"] = value
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))  # as it is read again
    return plain
