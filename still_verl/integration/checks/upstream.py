"""verl's own settings, built and checked as its workers will do it minutes later: types, keys, and what they allow."""

import contextlib
import dataclasses
import io
import math
import types
import typing
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


@lru_cache(maxsize=1)
def default_config() -> DictConfig:
    """Return verl's defaults of a job, as verl ships them in one file."""
    folder = Path(verl.trainer.config.__file__).parent
    config = OmegaConf.load(folder / "_generated_ppo_trainer.yaml")
    assert isinstance(config, DictConfig)
    return config


def check_upstream(config: DictConfig) -> None:
    """Check types and keys of verl's settings, then build what verl builds.

    Raises:
        ConfigError: a key that verl does not know, a value of another type, or what verl itself refuses, in one line.
    """
    for path in MAPPINGS:
        check_like_default(path, OmegaConf.select(config, path), OmegaConf.select(default_config(), path))
    with_critic = need_critic(config)
    for path in DATACLASSES:
        if path != "critic" or with_critic:
            check_dataclass(path, OmegaConf.select(config, path))
    for path, value in leaves("", config):
        if isinstance(value, float) and math.isnan(value):
            raise ConfigError(f"{path}=nan: use a number")


def build_upstream(config: DictConfig) -> None:
    """Build verl's dataclasses and let verl check the job, which it does right before Ray starts, with a traceback.

    Raises:
        ConfigError: what verl says, in one line with the key of the node.
    """
    with_critic = need_critic(config)
    for path in DATACLASSES:
        if path == "critic" and not with_critic:
            continue
        try:
            omega_conf_to_dataclass(OmegaConf.select(config, path))
        except Exception as error:  # assertions, ValueErrors and Hydra's own
            raise ConfigError(f"{path}: verl refuses it: {in_one_line(root_cause(error))}") from error
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says that all is well
            validate_config(config, need_reference_policy(config), with_critic)
    except Exception as error:
        raise ConfigError(f"verl refuses the job: {in_one_line(root_cause(error))}") from error


def root_cause(error: BaseException) -> BaseException:
    """Return what an error was raised from: Hydra wraps what a dataclass says into four lines."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of all values below a node that are not interpolations of Hydra's own."""
    if isinstance(node, DictConfig):
        for name in node:
            if path or name != "hydra":
                child = node if OmegaConf.is_missing(node, name) else node[name]
                if child is not node:
                    yield from leaves(f"{path}.{name}".removeprefix("."), child)
        return
    yield path, node


def check_like_default(path: str, node: DictConfig, default: Any) -> None:
    """Refuse text where verl's default is a number or a truth value: verl would take `maybe` for true."""
    for key, value in leaves(path, node):
        wanted = OmegaConf.select(OmegaConf.create({path: default}), key)
        if value is None or wanted is None:
            continue
        if isinstance(wanted, bool):
            _refuse_unless(key, value, bool)
        elif isinstance(wanted, int | float):
            _refuse_unless(key, value, float)


def check_dataclass(path: str, node: Any) -> None:
    """Check the keys and the plain types of a node that verl makes a dataclass of, and of the nodes below it."""
    if not isinstance(node, DictConfig) or "_target_" not in node:
        return
    kind = get_class(node["_target_"])
    if not dataclasses.is_dataclass(kind):
        return
    hints = typing.get_type_hints(kind)
    for name in node:
        key = f"{path}.{name}"
        if name == "_target_" or OmegaConf.is_missing(node, name):
            continue
        if name not in hints:
            known = [field for field in hints if not field.startswith("_")]
            raise ConfigError(
                f"{key}={node[name]}: verl's {kind.__name__} has no such setting; drop it"
                f"{did_you_mean(name, known)}"
            )
        wanted = plain_type(hints[name])
        if wanted is not None and node[name] is not None:
            _refuse_unless(key, node[name], wanted)
        check_dataclass(key, node[name])


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
