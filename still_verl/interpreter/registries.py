"""What a job may choose by name for its code interpreter; docs/extend.md shows how to write each of your own."""

from typing import TYPE_CHECKING, Any

from still_verl.registry import Registry

if TYPE_CHECKING:
    from still_verl.interpreter.formats import CodeFormat
    from still_verl.interpreter.sandbox.base import BuildsSandbox


def _is_class(found: Any) -> bool:
    return isinstance(found, type)


def _builds_sandboxes(found: Any) -> bool:
    return isinstance(found, type) and callable(getattr(found, "from_settings", None))


# A format in the text is a `formats.CodeFormat`; tool calls are read from tokens, by verl's own parsers.
CODE_FORMATS: "Registry[type[CodeFormat]]" = Registry(
    "still.interpreter.format",
    "a class with the methods of still_verl.interpreter.formats.CodeFormat",
    {
        "fenced": "still_verl.interpreter.formats.FencedFormat",
        "tagged": "still_verl.interpreter.formats.TaggedFormat",
        "tool_call": "still_verl.integration.agent_loops.tool_calls.ToolCalls",
    },
    _is_class,
)

SANDBOXES: "Registry[BuildsSandbox]" = Registry(
    "still.interpreter.sandbox",
    "a class with from_settings and the methods of still_verl.interpreter.sandbox.base.Sandbox",
    {
        "local": "still_verl.interpreter.sandbox.local.client.Local",
        "bubblewrap": "still_verl.interpreter.sandbox.bubblewrap.Bubblewrap",
        "fusion": "still_verl.interpreter.sandbox.fusion.client.Fusion",
    },
    _builds_sandboxes,
)
