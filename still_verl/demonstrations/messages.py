"""What a message says, as one text: content in parts, reasoning in a field of its own, calls of tools."""

import json
from collections.abc import Mapping
from typing import Any

from still_verl.demonstrations.rows import RowError

OPEN, CLOSE = "<think>", "</think>"
_REASONING = ("reasoning_content", "reasoning", "thinking")  # names of the field, by the service that answered
_DEEPSEEK = "<｜tool▁calls▁begin｜>"


def text_of(message: Mapping[str, Any]) -> str:
    """Return the content of a message; parts of text are joined, and no content is an empty text.

    Raises:
        RowError: it has something else than text.

    Example:
        >>> text_of({"content": [{"type": "text", "text": "1+1"}, {"type": "text", "text": "=?"}]})
        '1+1=?'
    """
    content = message.get("content")
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(_part, content))
    raise RowError(f"content is {content!r}: use text, or a list of parts with text")


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type", "of no type") if isinstance(part, Mapping) else type(part).__name__
    raise RowError(f"content has a part {kind!r}, which is no text: leave the row out, only text is trained on")


def written_by_model(message: Mapping[str, Any], template_source: str) -> str:
    """Return all that the model wrote in a turn: its reasoning, its content and its calls.

    Args:
        message: of the assistant.
        template_source: of the template; it says how the model writes calls.

    Raises:
        RowError: something of it cannot be written as text.
    """
    calls = message.get("tool_calls")
    if not calls and message.get("function_call") is not None:  # the older field, of one call
        calls = [message["function_call"]]
    return _with_calls(_with_reasoning(message), calls, template_source)


def _with_reasoning(message: Mapping[str, Any]) -> str:
    content = text_of(message)
    for name in _REASONING:
        reasoning = message.get(name)
        if reasoning is None or reasoning == "":
            continue
        if not isinstance(reasoning, str):
            raise RowError(f"{name} is {reasoning!r}: use text")
        if reasoning.strip() in content:
            return content
        if CLOSE in content:
            raise RowError(f"{name} and the thinking in content differ: leave one of them out")
        return f"{OPEN}\n{reasoning.strip()}\n{CLOSE}\n\n{content}"
    return content


def _with_calls(text: str, calls: Any, template_source: str) -> str:
    if calls is None or calls == []:
        return text
    if not isinstance(calls, list):
        raise RowError(f"tool_calls is {calls!r}: use a list of calls")
    pairs = [_name_and_arguments(call) for call in calls]
    if _DEEPSEEK in template_source:
        written = [_deepseek_call(name, arguments) for name, arguments in pairs]
        return text + _DEEPSEEK + "\n".join(written) + "<｜tool▁calls▁end｜>"
    if "tool_calls" in template_source and "<tool_call>" not in template_source:
        raise RowError("the template has a form of its own for tool_calls: write the calls into content in that form")
    written = [_hermes_call(name, arguments) for name, arguments in pairs]
    return "\n".join([text, *written] if text else written)


def _name_and_arguments(call: Any) -> tuple[str, str]:
    """Return the name of a tool and its arguments as JSON."""
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise RowError(f"tool_calls has {call!r}: a call needs function.name and function.arguments")
    arguments = function.get("arguments")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return function["name"], arguments


def _hermes_call(name: str, arguments: str) -> str:
    return f'<tool_call>\n{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": {arguments}}}\n</tool_call>'


def _deepseek_call(name: str, arguments: str) -> str:
    return f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{arguments}\n```<｜tool▁call▁end｜>"
