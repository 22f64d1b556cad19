"""Keys that verl does not know are refused: `+data.max_prompt_lenght=8` would change nothing.

verl has a default for nearly every key that it reads. The few others, such as `data.cache_dir`, stand in its sources.
"""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import verl
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.integration.checks.upstream import class_of, default_config, plain

NODES = ("data", "trainer", "actor_rollout_ref", "reward")
OF_OTHER_JOBS = "sft"  # in the names of modules whose `trainer` and `data` are those of verl's supervised fine-tuning


def check_known(config: DictConfig) -> None:
    """Look for each key in verl's defaults, in its dataclasses and, where it is in neither, in its sources.

    Raises:
        ConfigError: nobody reads a key; names the nearest that verl knows.
    """
    nodes = plain(config)
    for path in NODES:
        if path == "data" and nodes[path]["custom_cls"]["path"]:
            continue  # the user's own data set gets the whole node
        for parent, key, value, known in unknown_keys(path, nodes[path], default_config()[path]):
            if not is_read(parent, key):
                own = "drop it, or give a setting of your own a node of its own"
                raise ConfigError(
                    f"{parent}.{key}={value}: verl reads no such setting; {own}{did_you_mean(key, known)}"
                )


def unknown_keys(path: str, node: Any, default: Any) -> Iterator[tuple[str, str, Any, list[str]]]:
    """Yield (node, key, value, known keys) of what verl has no default for, at a node and below.

    Where verl's default is empty or no node, anything may stand: verl hands it on.
    """
    if not isinstance(node, dict):
        return
    known = known_keys(node, default)
    if not known:
        return
    for key, value in node.items():
        if key not in known:
            yield path, str(key), value, known
            continue
        below = default.get(key) if isinstance(default, dict) else None
        yield from unknown_keys(f"{path}.{key}", value, below)


def known_keys(node: dict[str, Any], default: Any) -> list[str]:
    """Return the keys that a node may have: verl's defaults and the fields of its dataclass; none if any."""
    known = list(default) if isinstance(default, dict) else []
    if "_target_" in node and dataclasses.is_dataclass(class_of(node)):
        known += [field.name for field in dataclasses.fields(class_of(node)) if field.name not in known]
    return known


def is_read(path: str, key: str) -> bool:
    """Say whether verl's sources read a key of a node: `config.data.KEY`, `data_config.get("KEY")` and the like.

    A node below another one is often read under another name. So there a KEY of any config counts.
    """
    above, _, parent = path.rpartition(".")
    reads = rf"""(?:\.|\.get\(\s*["']|\[["']){re.escape(key)}\b"""
    text, of_node = sources(), rf"(?:config\.(?:\w+\.)*{parent}|\b{parent}_config){reads}"
    any_config = rf"\b\w*(?:config|cfg){reads}"
    if re.search(of_node, text):
        return True
    if above:
        return re.search(any_config, text) is not None
    return path == "data" and re.search(any_config, source_of_data_set()) is not None


@lru_cache(maxsize=1)
def sources() -> str:
    """Return verl's sources, as one text of some megabytes."""
    paths = Path(verl.__file__).parent.rglob("*.py")
    return "\n".join(path.read_text() for path in sorted(paths) if OF_OTHER_JOBS not in path.stem)


def source_of_data_set() -> str:
    """Return the source of the data set that gets the node `data` as its config."""
    from verl.utils.dataset import rl_dataset

    return inspect.getsource(rl_dataset)
