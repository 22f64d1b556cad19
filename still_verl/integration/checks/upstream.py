"""verl's own settings, built and checked as its workers will do it minutes later: types, keys, and what they allow."""

import contextlib
import dataclasses
import io
import math
import traceback
import types
import typing
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import verl.trainer.config
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from verl.trainer.ppo.utils import need_critic, need_reference_policy
from verl.utils.config import omega_conf_to_dataclass, validate_config

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.registry import in_one_line

# Nodes that verl turns into dataclasses, those of the critic only if there is one.
DATACLASSES = ("actor_rollout_ref.actor", "actor_rollout_ref.rollout", "algorithm", "critic")
# Nodes that stay mappings: the type of a default is the type of a value.
MAPPINGS = ("data", "trainer")


MISSING = "???"


@lru_cache(maxsize=1)
def default_config() -> dict[str, Any]:
    """Return verl's defaults of a job, as verl ships them in one file."""
    folder = Path(verl.trainer.config.__file__).parent
    return plain(OmegaConf.load(folder / "_generated_ppo_trainer.yaml"))


def plain(config: Any) -> dict[str, Any]:
    """Return the nodes of a job as dicts, interpolations resolved; without Hydra's own."""
    found = {}
    for name in config:
        if name == "hydra":
            continue
        value = MISSING if OmegaConf.is_missing(config, name) else config[name]
        found[name] = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
    return found


def value_of(config: dict[str, Any], key: str) -> Any:
    """Return the value of a dotted name in nodes of dicts; None where there is none."""
    node: Any = config
    for part in key.split("."):
        if not isinstance(node, dict):
            return None
        node = node.get(part)
    return node


def check_upstream(config: DictConfig) -> None:
    """Check types and keys of verl's settings.

    Raises:
        ConfigError: a key that verl does not know, a value of another type, or NaN.
    """
    nodes = plain(config)
    for path in MAPPINGS:
        check_like_default(path, nodes[path], default_config()[path])
    for path in dataclasses_of(config):
        check_dataclass(path, value_of(nodes, path))
    for path, value in leaves("", nodes):
        if isinstance(value, float) and math.isnan(value):
            raise ConfigError(f"{path}=nan: use a number")


def dataclasses_of(config: DictConfig) -> list[str]:
    """Return the nodes that verl makes dataclasses of in this job."""
    with_critic = has_critic(config)
    return [path for path in DATACLASSES if path != "critic" or with_critic]


def has_critic(config: DictConfig) -> bool:
    """Say whether verl trains a critic; it warns where it does not, which it says itself when the job starts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(need_critic(config))


def build_upstream(config: DictConfig) -> None:
    """Build verl's dataclasses and let verl check the job, which it does right before Ray starts, with a traceback.

    Raises:
        ConfigError: what verl says, in one line with the key of the node.
    """
    for path in dataclasses_of(config):
        try:
            omega_conf_to_dataclass(OmegaConf.select(config, path))
        except Exception as error:  # assertions, ValueErrors and Hydra's own
            raise ConfigError(f"{path}: verl refuses it: {reason(error)}") from error
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says that all is well
            validate_config(config, need_reference_policy(config), has_critic(config))
    except Exception as error:
        raise ConfigError(f"verl refuses the job: {reason(error)}") from error


def root_cause(error: BaseException) -> BaseException:
    """Return what an error was raised from: Hydra wraps what a dataclass says into four lines."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def reason(error: BaseException) -> str:
    """Return what went wrong in one line: the message, or the line of code of an assertion that has none."""
    cause = root_cause(error)
    if str(cause):
        return in_one_line(cause)
    frames = traceback.extract_tb(cause.__traceback__)
    return f"{type(cause).__name__} in `{frames[-1].line}`" if frames else type(cause).__name__


def leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of all values below a node of dicts; each value of a list under the list's name."""
    if isinstance(node, list):
        for value in node:
            yield from leaves(path, value)
        return
    if not isinstance(node, dict):
        yield path, node
        return
    for name, value in node.items():
        yield from leaves(f"{path}.{name}".removeprefix("."), value)


def check_like_default(path: str, node: dict[str, Any], default: dict[str, Any]) -> None:
    """Refuse text where verl's default is a number or a truth value: verl would take `maybe` for true."""
    for key, value in leaves("", node):
        wanted = value_of(default, key)
        if value is None or value == MISSING:
            continue
        if isinstance(wanted, bool):
            _refuse_unless(f"{path}.{key}", value, bool)
        elif isinstance(wanted, int | float):
            _refuse_unless(f"{path}.{key}", value, float)


def check_dataclass(path: str, node: Any) -> None:
    """Check the keys and the plain types of a node that verl makes a dataclass of, and of the nodes below it."""
    if not isinstance(node, dict) or "_target_" not in node:
        return
    kind: Any = class_of(node)
    if not dataclasses.is_dataclass(kind):
        return
    name_of_kind = node["_target_"].rpartition(".")[2]
    hints = typing.get_type_hints(kind)
    for name, value in node.items():
        key = f"{path}.{name}"
        if name == "_target_" or value == MISSING:
            continue
        if name not in hints:
            known = [field for field in hints if not field.startswith("_")]
            hint = did_you_mean(name, known)
            raise ConfigError(f"{key}={value}: verl's {name_of_kind} has no such setting; drop it{hint}")
        wanted = plain_type(hints[name])
        if wanted is not None and value is not None:
            _refuse_unless(key, value, wanted)
        check_dataclass(key, value)


def class_of(node: Any) -> Any:
    """Return the class that verl makes of a node."""
    return get_class(node["_target_"])


def plain_type(hint: Any) -> Any:
    """Return bool, int, float or str for a hint of that or of None; nothing for all others."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        inner = [part for part in typing.get_args(hint) if part is not type(None)]
        if len(inner) != 1:
            return None
        hint = inner[0]
    return hint if hint in (bool, int, float, str) else None


def _refuse_unless(key: str, value: Any, wanted: type) -> None:
    fits = isinstance(value, wanted)
    if wanted is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits:
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        raise ConfigError(f"{key}={value}: use {names[wanted]}")
