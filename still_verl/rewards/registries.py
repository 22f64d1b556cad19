"""What a job may choose by name for its reward; docs/extend.md shows how to write each of your own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset
    from still_verl.rewards.sample import Sample

TERMS: "Registry[Callable[[Sample], float]]" = Registry(
    "still.reward.weights",
    "a function (sample) -> number",
    {
        "correct": "still_verl.rewards.terms.correct",
        "signed": "still_verl.rewards.terms.signed",
        "format": "still_verl.rewards.terms.well_formed",
        "length": "still_verl.rewards.terms.length",
        "actions": "still_verl.rewards.terms.actions",
        "finished": "still_verl.rewards.terms.finished",
        "overlong": "still_verl.rewards.terms.overlong",
        "repetition": "still_verl.rewards.terms.repetition",
        "tools": "still_verl.rewards.terms.tools",
    },
    arguments=1,
)


def _is_preset(found: Any) -> bool:
    """By its fields: an import of the class would close a circle, since presets check their names here."""
    return not isinstance(found, type) and hasattr(found, "terms") and hasattr(found, "extractors")


PRESETS: "Registry[Preset]" = Registry(
    "still.reward.preset",
    "a still_verl.rewards.presets.Preset",
    {
        "boxed": "still_verl.rewards.presets.BOXED",
        "zero": "still_verl.rewards.presets.ZERO",
        "distill": "still_verl.rewards.presets.DISTILL",
        "rrl": "still_verl.rewards.presets.RRL",
        "rra": "still_verl.rewards.presets.RRA",
        "overlong": "still_verl.rewards.presets.OVERLONG",
    },
    _is_preset,
)

EXTRACTORS: Registry[Callable[[str], str]] = Registry(
    "still.reward.extractors",
    "a function (text) -> answer",
    {
        "boxed": "still_verl.rewards.boxes.last_boxed",
        "answer_tag": "still_verl.rewards.extract.answer_tag",
        "answer_is": "still_verl.rewards.extract.answer_is",
        "after_think": "still_verl.rewards.extract.short_text",
    },
    arguments=1,
)
