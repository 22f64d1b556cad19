"""Two groups that set the same key to different values: the later one would win in silence."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from still_verl import paths
from still_verl.config_errors import ConfigError

PREFIX = "still/"
# Groups whose purpose is to win over others, or to give way to them.
LAYERS = {"scale", "fallback", "device", "backbone"}

Values = dict[str, Any]


def check_groups() -> None:
    """Compare the files of the groups that a job names, as far as Hydra has composed it.

    Raises:
        ConfigError: names both groups, the key, their values and the fix.
    """
    if not HydraConfig.initialized():
        return
    hydra = HydraConfig.get()
    settled = {override.lstrip("+~").partition("=")[0] for override in hydra.overrides.task}
    check_choices_of_groups(dict(hydra.runtime.choices), settled)


def check_choices_of_groups(choices: dict[str, Any], settled: set[str]) -> None:
    """Compare the choices of groups.

    Args:
        choices: by group, as Hydra has them, e.g. {"still/clip": "higher"}.
        settled: keys that the user gives a value of their own, so that no group decides.

    Raises:
        ConfigError: names both groups, the key, their values and the fix.
    """
    files = dict(_files(choices))
    for (first, ours), (second, theirs) in combinations(files.items(), 2):
        for key in sorted(ours.keys() & theirs.keys() - settled):
            if ours[key] != theirs[key]:
                raise ConfigError(
                    f"{first} and {second} both set {key}, to {ours[key]} and {theirs[key]}: choose one of the two, or "
                    f"say which value you want with {key}=VALUE"
                )


def _files(choices: dict[str, Any]) -> Iterator[tuple[str, Values]]:
    for group, choice in choices.items():
        path = group.lstrip("/")
        name = path.removeprefix(PREFIX)
        if path.startswith(PREFIX) and name not in LAYERS and choice:
            yield f"{path}={choice}", values_of(paths.recipes_dir() / path / f"{choice}.yaml")


def values_of(path: Path) -> Values:
    """Return the values that a group's own file sets, by dotted key."""
    if not path.is_file():  # a group of the user's own
        return {}
    node = OmegaConf.to_container(OmegaConf.load(path))
    return dict(_leaves(node, "")) if isinstance(node, dict) else {}


def _leaves(node: dict[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if key == "defaults":
            continue
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
