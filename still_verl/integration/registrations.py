"""Lists our entries in verl's registries in this process, for `still-verl doctor`."""

import importlib
from collections.abc import Iterable, Iterator

MODES = [f"still_{mode}" for mode in ("sync", "colocate_async", "separate_async")]


def missing_registrations() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (what, the names that should be there, those that are not) for each registry of verl's.

    Raises:
        Exception: whatever one of our modules raises when verl's import of a registry loads it.
    """
    for what, module, registry, names in (
        ("cpu platform", "verl.plugin.platform.platform_manager", _platforms, ["cpu"]),
        ("engine", "verl.workers.engine", _engines, ["fsdp2 on cpu"]),
        ("trainer modes", "verl.trainer.ppo.v1", _trainers, MODES),
        ("agent loops", "verl.experimental.agent_loop", _agent_loops, ["still", "still_code", "still_tool_agent"]),
        ("reward manager", "verl.experimental.reward_loop.reward_manager", _reward_managers, ["still"]),
    ):
        importlib.import_module(module)  # which fills the registry, see `plugin`
        yield what, names, sorted(set(names) - set(registry()))


def _platforms() -> Iterable[str]:
    from verl.plugin.platform import PlatformRegistry

    return PlatformRegistry.registered_names()


def _engines() -> Iterable[str]:
    from verl.workers.engine import EngineRegistry

    found = []
    for model_type in ("language_model", "value_model"):
        engines = EngineRegistry._engines[model_type]
        found.append({f"{backend} on {device}" for backend, devices in engines.items() for device in devices})
    return set.intersection(*found)  # those of a critic, too


def _trainers() -> Iterable[str]:
    from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

    return TRAINER_REGISTRY


def _agent_loops() -> Iterable[str]:
    from verl.experimental.agent_loop.agent_loop import _agent_loop_registry

    return _agent_loop_registry


def _reward_managers() -> Iterable[str]:
    from verl.experimental.reward_loop.reward_manager.registry import REWARD_MANAGER

    return REWARD_MANAGER


def broken_recipes() -> dict[str, str]:
    """Compose every recipe with verl's defaults; return by name what is wrong with those that fail."""
    import verl  # noqa: F401  (puts our recipes on the search path)
    from hydra import compose, initialize_config_module

    from still_verl.config import still_config
    from still_verl.paths import recipe_names

    broken = {}
    with initialize_config_module("verl.trainer.config", version_base=None):
        for name in recipe_names():
            try:
                still_config(compose("ppo_trainer", overrides=[f"+recipe={name}"]))
            except Exception as error:
                broken[name] = str(error).splitlines()[0]
    return broken


def check_loaded_verl() -> None:
    """Refuse the verl of this process unless this release works with it.

    Raises:
        UnsupportedVersionError: names the version found and the command that mends it.
    """
    import verl  # not above: verl loads the plugin, and the plugin this package

    from still_verl.support import check_verl_version

    check_verl_version(verl.__version__)
