"""Jobs composed as verl's command line does it, but fast: groups are composed once, values are set in a copy."""

import copy
from collections.abc import Sequence
from functools import lru_cache

import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf


@lru_cache(maxsize=128)
def _whole(overrides: tuple[str, ...]) -> DictConfig:
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("ppo_trainer", list(overrides))


def _chooses_a_file(override: str) -> bool:
    key = override.partition("=")[0].lstrip("+")
    return "/" in key or key in ("recipe", "model_engine")


def composed(base: Sequence[str], overrides: Sequence[str], new_keys: bool = False) -> DictConfig:
    """Compose a job.

    Args:
        base: overrides that many jobs share.
        overrides: those of this job.
        new_keys: whether a key that no file has may be given without "+".
    """
    groups = [word for word in overrides if _chooses_a_file(word)]
    config = copy.deepcopy(_whole((*base, *groups)))
    values = [word for word in overrides if word not in groups]
    for override in OverridesParser.create().parse_overrides(values):
        may_add = new_keys or override.is_add() or override.is_force_add()
        OmegaConf.update(config, override.key_or_group, override.value(), force_add=may_add)
    return config
