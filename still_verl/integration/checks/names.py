"""Every object that a job names is there and of the right kind, before Ray's processes look for it one by one."""

from collections.abc import Sequence
from inspect import isfunction, signature
from typing import Any

from still_verl.config import SCHEDULED, StillConfig
from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.dynamics.registries import CALLBACKS, CHOOSERS, SCHEDULES, SELECTION_RULES
from still_verl.integration.callbacks.base import Callback
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES
from still_verl.monitor.keywords import keyword_lists
from still_verl.monitor.registries import DETECTORS
from still_verl.registry import call_fault
from still_verl.rewards.registries import EXTRACTORS, TERMS


def check_names(still: StillConfig) -> None:
    """Import all that the settings name.

    Raises:
        ConfigError: the first object that is not there, with what is known and the nearest of it.
    """
    for preset in still.reward.presets():
        for name in preset.terms:
            TERMS.find(name)
        for name in preset.extractors:
            EXTRACTORS.find(name)
    for name in still.selection.rules:
        SELECTION_RULES.find(name)
    if still.curriculum.choose is not None:
        CHOOSERS.find(still.curriculum.choose)
    for key in SCHEDULED:
        schedule = getattr(still, key)
        if schedule.scheduled:
            SCHEDULES.find(schedule.kind, f"still.{key}.kind")
    CODE_FORMATS.find(still.interpreter.format)
    SANDBOXES.find(still.interpreter.sandbox)
    for name in still.monitor.detectors:
        DETECTORS.find(name)
    keyword_lists(still.monitor.lists, still.monitor.words)
    check_callbacks(still.callbacks)


def check_callbacks(names: Sequence[str]) -> None:
    """Import callbacks, and refuse two of one class name: a checkpoint keeps what each must remember under it.

    Raises:
        ConfigError: one that is not there, the second of a name, or a hook that would never be called or fail.
    """
    if not names:
        return
    by_class: dict[str, str] = {}
    for name in (*CALLBACKS, *names):
        found = CALLBACKS.find(name)
        label = found.__qualname__
        if label in by_class:
            raise ConfigError(
                f"{CALLBACKS.key} has {name!r}: {by_class[label]} has the class name {label} already; "
                "name each once, and rename yours"
            )
        by_class[label] = name
    for name in names:
        fault = _hook_fault(CALLBACKS.find(name))
        if fault:
            raise ConfigError(f"{CALLBACKS.key} has {name!r}: {fault}")


def _hook_fault(found: Any) -> str:
    """Say which hook of a class would not be called, or could not be; nothing if all can."""
    if not issubclass(found, Callback):
        return f"it is not {CALLBACKS.expects}: make it one"
    hooks = [hook for hook, function in vars(Callback).items() if isfunction(function) and not hook.startswith("_")]
    for attribute in dir(found):
        if attribute.startswith("on_") and attribute not in hooks and callable(getattr(found, attribute)):
            return f"there is no hook {attribute}; use {', '.join(hooks)}{did_you_mean(attribute, hooks)}"
    for hook in hooks:
        fault = call_fault(getattr(found, hook), len(signature(getattr(Callback, hook)).parameters))
        if fault:
            return f"{hook}: {fault}"
    return ""
