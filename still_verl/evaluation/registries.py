"""What an evaluation may choose by name; a dotted name is an object of your own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.evaluation.engines.base import Engine
    from still_verl.evaluation.protocols import Protocol


def _is_protocol(found: Any) -> bool:
    """By its fields: an import of the class would close a circle."""
    return not isinstance(found, type) and hasattr(found, "sampling_of")


ENGINES: "Registry[Callable[..., Engine]]" = Registry(
    "--engine",
    "a function or class (still_verl.evaluation.engines.base.EngineOptions) -> Engine",
    {
        "vllm": "still_verl.evaluation.engines.vllm_offline.VllmOffline",
        "openai": "still_verl.evaluation.engines.openai_server.OpenAIServer",
    },
    callable,
    arguments=1,
)

PROTOCOLS: "Registry[Protocol]" = Registry(
    "--preset",
    "a still_verl.evaluation.protocols.Protocol",
    {
        "still3": "still_verl.evaluation.protocols.STILL3",
        "still3-zero": "still_verl.evaluation.protocols.STILL3_ZERO",
        "still3-tool": "still_verl.evaluation.protocols.STILL3_TOOL",
        "sober": "still_verl.evaluation.protocols.SOBER",
    },
    _is_protocol,
)
