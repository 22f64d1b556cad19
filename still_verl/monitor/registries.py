"""What a job may choose by name for its monitor; docs/extend.md shows how to write each of your own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.monitor.alarms.detectors import Detector

OURS = "still"  # in a list of names: everything of still_verl's


def _is_detector(found: Any) -> bool:
    from still_verl.monitor.alarms.detectors import Detector

    return isinstance(found, Detector)


def _is_keyword_list(found: Any) -> bool:
    return isinstance(found, Mapping)


DETECTORS: "Registry[Detector]" = Registry(
    "still.monitor.alarms",
    "a still_verl.monitor.alarms.detectors.Detector",
    {
        "reward_hacking_length": "still_verl.monitor.alarms.detectors.LENGTH_HACKING",
        "reward_hacking_keywords": "still_verl.monitor.alarms.detectors.KEYWORD_HACKING",
        "reward_hacking_repetition": "still_verl.monitor.alarms.detectors.REPETITION_HACKING",
        "entropy_collapse": "still_verl.monitor.alarms.detectors.ENTROPY_COLLAPSE",
        "truncation": "still_verl.monitor.alarms.detectors.TRUNCATION",
        "plateau": "still_verl.monitor.alarms.detectors.PLATEAU",
        "kl_acceleration": "still_verl.monitor.alarms.detectors.KL_ACCELERATION",
        "tool_collapse": "still_verl.monitor.alarms.detectors.TOOL_COLLAPSE",
    },
    _is_detector,
)

# A list is a mapping of categories to words.
KEYWORD_LISTS: Registry[Mapping[str, Sequence[str]]] = Registry(
    "still.monitor.lists",
    "a mapping of categories to words",
    {OURS: "still_verl.monitor.keywords.WORDS"},
    _is_keyword_list,
)
