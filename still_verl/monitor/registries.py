"""What a job may choose by name for its monitor; docs/monitor.md shows how to write each of your own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import ConfigError
from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.monitor.alarms.detectors import BaseDetector

OURS = "still"  # in a list of names: everything of still_verl's
CONSTANT_REWARD = "constant_reward"  # the alarm that looks at the samples of a step; always there, so not in the table


def _is_detector(found: Any) -> bool:
    from still_verl.monitor.alarms.detectors import BaseDetector

    return isinstance(found, BaseDetector)


def _is_keyword_list(found: Any) -> bool:
    return isinstance(found, Mapping)


_ALARMS = "still_verl.monitor.alarms"

# docs/alarms.md says of each what it reads, when it rings and what to do.
DETECTORS: "Registry[BaseDetector]" = Registry(
    "still.monitor.alarms",
    "a still_verl.monitor.alarms.detectors.Detector",
    {
        "not_finite": f"{_ALARMS}.singles.NOT_FINITE",
        "accuracy_drop": f"{_ALARMS}.reward.ACCURACY_DROP",
        "validation_drop": f"{_ALARMS}.reward.VALIDATION_DROP",
        "train_validation_gap": f"{_ALARMS}.reward.TRAIN_VALIDATION_GAP",
        "reward_hacking_score": f"{_ALARMS}.reward.REWARD_HACKING_SCORE",
        "reward_hacking_length": f"{_ALARMS}.responses.LENGTH_HACKING",
        "reward_hacking_keywords": f"{_ALARMS}.responses.KEYWORD_HACKING",
        "reward_hacking_repetition": f"{_ALARMS}.responses.REPETITION_HACKING",
        "reward_term_dominates": f"{_ALARMS}.reward.REWARD_TERM_DOMINATES",
        "reward_term_dead": f"{_ALARMS}.singles.REWARD_TERM_DEAD",
        "format_without_correctness": f"{_ALARMS}.reward.FORMAT_WITHOUT_CORRECTNESS",
        "groups_too_easy": f"{_ALARMS}.reward.GROUPS_TOO_EASY",
        "groups_too_hard": f"{_ALARMS}.reward.GROUPS_TOO_HARD",
        "groups_without_signal": f"{_ALARMS}.reward.GROUPS_WITHOUT_SIGNAL",
        "rollouts_equal": f"{_ALARMS}.reward.ROLLOUTS_EQUAL",
        "length_explosion": f"{_ALARMS}.responses.LENGTH_EXPLOSION",
        "length_collapse": f"{_ALARMS}.responses.LENGTH_COLLAPSE",
        "truncation": f"{_ALARMS}.responses.TRUNCATION",
        "diversity_collapse": f"{_ALARMS}.responses.DIVERSITY_COLLAPSE",
        "gibberish": f"{_ALARMS}.responses.GIBBERISH",
        "script_mix": f"{_ALARMS}.responses.SCRIPT_MIX",
        "unclosed_thoughts": f"{_ALARMS}.responses.OPEN_THOUGHTS",
        "several_answers": f"{_ALARMS}.responses.SEVERAL_ANSWERS",
        "aborted_responses": f"{_ALARMS}.responses.ABORTED_RESPONSES",
        "entropy_collapse": f"{_ALARMS}.policy.ENTROPY_COLLAPSE",
        "entropy_explosion": f"{_ALARMS}.policy.ENTROPY_EXPLOSION",
        "kl_acceleration": f"{_ALARMS}.singles.KL_ACCELERATION",
        "kl_explosion": f"{_ALARMS}.policy.KL_EXPLOSION",
        "clip_fraction": f"{_ALARMS}.policy.CLIP_FRACTION",
        "gradient_explosion": f"{_ALARMS}.policy.GRADIENT_EXPLOSION",
        "gradient_spikes": f"{_ALARMS}.singles.GRADIENT_SPIKES",
        "gradient_vanishing": f"{_ALARMS}.policy.GRADIENT_VANISHING",
        "rollout_mismatch": f"{_ALARMS}.policy.ROLLOUT_MISMATCH",
        "staleness": f"{_ALARMS}.policy.STALENESS",
        "tool_collapse": f"{_ALARMS}.policy.TOOL_COLLAPSE",
        "tool_overuse": f"{_ALARMS}.policy.TOOL_OVERUSE",
        "tool_failures": f"{_ALARMS}.policy.TOOL_FAILURES",
        "sandbox_faults": f"{_ALARMS}.sandbox.SANDBOX_FAULTS",
        "void_turns": f"{_ALARMS}.policy.VOID_TURNS",
        "plateau": f"{_ALARMS}.singles.PLATEAU",
        "loss_rise": f"{_ALARMS}.supervised.LOSS_RISE",
        "overfitting": f"{_ALARMS}.supervised.OVERFITTING",
    },
    _is_detector,
)

# A list is a mapping of categories to words; a job counts all of these unless it says otherwise.
KEYWORD_LISTS: Registry[Mapping[str, Sequence[str]]] = Registry(
    "still.monitor.lists",
    "a mapping of categories to words",
    {
        OURS: "still_verl.monitor.keywords.WORDS",
        "aha": "still_verl.monitor.keyword_lists.AHA",
        "zh": "still_verl.monitor.keyword_lists.ZH",
    },
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
