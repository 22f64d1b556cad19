"""What a distillation may choose by name; a dotted name is an object of your own."""

from typing import Any

from still_verl.registry import Registry


def _is_phrases(found: Any) -> bool:
    return isinstance(found, tuple | list) and bool(found) and all(isinstance(each, str) for each in found)


PHRASES: "Registry[tuple[str, ...]]" = Registry(
    "--hints",
    "a tuple of texts",
    {
        "code": "still_verl.demonstrations.distill.phrases.HINTS",
        "turns": "still_verl.demonstrations.distill.phrases.TURN_WORDS",
    },
    _is_phrases,
)
