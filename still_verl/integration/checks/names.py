"""Every object that a job names is there and of the right kind, before Ray's processes look for it one by one."""

from still_verl.config import SCHEDULED, StillConfig
from still_verl.dynamics.registries import CALLBACKS, SCHEDULES, SELECTION_RULES
from still_verl.interpreter.registries import CODE_FORMATS, SANDBOXES
from still_verl.monitor.keywords import keyword_lists
from still_verl.monitor.registries import DETECTORS
from still_verl.rewards.registries import EXTRACTORS, TERMS


def check_names(still: StillConfig) -> None:
    """Import all that the settings name.

    Raises:
        ConfigError: the first object that is not there, with what is known and the nearest of it.
    """
    preset = still.reward.build()
    for name in preset.terms:
        TERMS.find(name)
    for name in preset.extractors:
        EXTRACTORS.find(name)
    for name in still.selection.rules:
        SELECTION_RULES.find(name)
    for key in SCHEDULED:
        schedule = getattr(still, key)
        if schedule.scheduled:
            SCHEDULES.find(schedule.kind, f"still.{key}.kind")
    CODE_FORMATS.find(still.interpreter.format)
    SANDBOXES.find(still.interpreter.sandbox)
    for name in still.monitor.detectors:
        DETECTORS.find(name)
    keyword_lists(still.monitor.lists, still.monitor.words)
    for name in still.callbacks:
        CALLBACKS.find(name)
