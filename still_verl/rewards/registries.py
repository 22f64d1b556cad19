"""What a job may choose by name for its reward; docs/extend.md shows how to write each of your own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry, is_function

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset
    from still_verl.rewards.sample import Sample

_NAMED_AS_THEY_ARE = ("correct", "signed", "length", "actions", "finished", "overlong", "repetition", "tools")
_TERMS = {**dict(zip(_NAMED_AS_THEY_ARE, _NAMED_AS_THEY_ARE, strict=True)), "format": "well_formed"}
_PRESETS = ("boxed", "zero", "distill", "rrl", "rra", "overlong", "logic", "instructed", "code")
TERMS: "Registry[Callable[[Sample], float]]" = Registry(
    "still.reward.weights",
    "a function (sample) -> number",
    {name: f"still_verl.rewards.terms.{function}" for name, function in _TERMS.items()}
    | {
        "logic": "still_verl.rewards.logic.solved",
        "instructions": "still_verl.rewards.instructions.followed",
        "tests": "still_verl.rewards.code.judge.tests",
    },
    arguments=1,
)


def _is_preset(found: Any) -> bool:
    """By its fields: an import of the class would close a circle, since presets check their names here."""
    return not isinstance(found, type) and hasattr(found, "terms") and hasattr(found, "extractors")


def _is_preset_or_term(found: Any) -> bool:
    return _is_preset(found) or is_function(found)


_PRESET_NAMES = {name: f"still_verl.rewards.presets.{name.upper()}" for name in _PRESETS}
PRESETS: "Registry[Preset]" = Registry(
    "still.reward.preset", "a still_verl.rewards.presets.Preset", _PRESET_NAMES, _is_preset
)
# What a route may name: a term of the user's own is a whole reward there.
ROUTED: "Registry[Preset | Callable[[Sample], float]]" = Registry(
    "still.reward.routes",
    "a still_verl.rewards.presets.Preset, or a function (sample) -> number",
    _PRESET_NAMES,
    _is_preset_or_term,
)

EXTRACTORS: Registry[Callable[[str], str]] = Registry(
    "still.reward.extractors",
    "a function (text) -> answer",
    {
        "boxed": "still_verl.rewards.boxes.last_boxed",
        "answer_tag": "still_verl.rewards.extract.answer_tag",
        "answer_is": "still_verl.rewards.extract.answer_is",
        "after_think": "still_verl.rewards.extract.short_text",
        "program": "still_verl.rewards.code.program.last_program",
    },
    arguments=1,
)

COMPARISONS: Registry[Callable[[Any, Any, float], bool]] = Registry(
    "still.reward.tests.comparison",
    "a function (expected, found, tolerance) -> bool",
    {
        "lines": "still_verl.rewards.code.text.lines",
        "tokens": "still_verl.rewards.code.text.tokens",
        "floats": "still_verl.rewards.code.text.floats",
        "any_order": "still_verl.rewards.code.text.any_order",
        "sets": "still_verl.rewards.code.text.sets",
        "exact": "still_verl.rewards.code.text.exact",
        "values": "still_verl.rewards.code.objects.values",
    },
    arguments=3,
)
