"""What a job may choose by name for its monitor; docs/monitor.md shows how to write each of your own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import ConfigError
from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.monitor.alarms.detectors import Detector

OURS = "still"  # in a list of names: everything of still_verl's
CONSTANT_REWARD = "constant_reward"  # the alarm that looks at the samples of a step; always there, so not in the table


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


def by_label(detectors: Iterable[str]) -> dict[str, str]:
    """Return the names of detectors by what each is called in metrics, `still/alarm/<label>`.

    Raises:
        ConfigError: two alarms would be called the same.
    """
    names = {CONSTANT_REWARD: CONSTANT_REWARD}
    for name in dict.fromkeys(detectors):
        label = DETECTORS.label(name)
        if label in names:
            taken = f"still/alarm/{label} is the metric of {names[label]} already"
            raise ConfigError(f"{DETECTORS.key}={name!r}: {taken}: rename yours")
        names[label] = name
    del names[CONSTANT_REWARD]
    return names
