"""Tool calls in the format of a chat template: read by verl's parsers, answered in turns of the role `tool`."""

import json
from typing import Any

from verl.experimental.agent_loop.agent_loop import AgentLoopBase
from verl.experimental.agent_loop.tool_parser import FunctionCall, ToolParser
from verl.tools.schemas import OpenAIFunctionCallSchema, OpenAIFunctionParsedSchema, OpenAIFunctionToolSchema

from still_verl.integration.agent_loops.split_outputs import marked
from still_verl.integration.releases import merge_context
from still_verl.interpreter.formats import unfenced
from still_verl.interpreter.token_text import PlainTokens
from still_verl.interpreter.turns import Call, Turn

NAME = "code_interpreter"  # as ReTool's and verl's own recipe of it call theirs
SCHEMA: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": NAME,
        "description": "Runs Python code and returns what it prints and the value of its last expression.",
        "parameters": {
            "type": "object",
            "properties": {"code": {"type": "string", "description": "The code to run."}},
            "required": ["code"],
        },
    },
}

UNREADABLE = f"Error: the call could not be read. Write valid JSON with the name {NAME} and the arguments."
NO_CODE = 'Error: the arguments need "code", a string of Python code.'


class ToolCalls:
    """One response. The model ends its turn itself, after one call or several, as its template has taught it."""

    def __init__(
        self,
        loop: AgentLoopBase,
        parser: str,
        messages: list[dict[str, Any]],
        others: list[dict[str, Any]] | None = None,
        most: int | None = None,
    ) -> None:
        """Begin a response.

        Args:
            loop: whose template code and tokenizer are used.
            parser: a name of verl's `ToolParser`s.
            messages: the prompt.
            others: schemas of the job's other tools.
            most: calls of one turn that are run; None for all.
        """
        self._loop = loop
        self._tokenizer: Any = loop.tokenizer
        self._parser = ToolParser.get_tool_parser(parser, loop.tokenizer)
        self._messages = list(messages)
        self._most = most
        self._plain = PlainTokens(loop.tokenizer)
        self._turn: list[int] = []  # tokens since the last answer: an engine may stop within a turn
        self.tools: list[dict[str, Any]] | None = [SCHEMA, *(others or ())]
        self._others = {tool["function"]["name"] for tool in others or ()}
        self._schemas = [OpenAIFunctionToolSchema.model_validate(tool) for tool in self.tools]
        self._names: list[str] = []  # of the tools that were called in the turn
        self.stops = {"stop_token_ids": self._parser.stop_token_ids} if self._parser.stop_token_ids else {}
        self.open_block = False

    def begin(self, prompt: list[int]) -> None:
        """Take in the tokens of the prompt, which begins no call."""

    async def read(self, ids: list[int], ended: bool, may_go_on: bool) -> Turn:
        """Take in the tokens of a turn; it asks for all calls in it, and those that cannot be read are answered too."""
        self._turn += ids
        content, found = await self._parser.extract_tool_calls(self._turn, self._schemas)
        calls = [self._read_call(call) for call in found]
        # verl's parsers leave out what they cannot read, so that it shows in the text only.
        unreadable = self._written() - len(found)
        if not calls and not ended and ids and ids[-1] in self._parser.stop_token_ids:
            unreadable = max(unreadable, 1)
        calls += [Call(fault="unreadable", error_message=UNREADABLE)] * unreadable
        if not calls:
            return Turn()
        self._turn = []
        self._names = [call.name for call in found] + [NAME] * unreadable
        self._messages.append(_assistant(content, found))
        return Turn(self._at_most(calls))

    def _at_most(self, calls: list[Call]) -> list[Call]:
        """Refuse the calls beyond those that one turn may make."""
        if self._most is None or len(calls) <= self._most:
            return calls
        refused = Call(fault="too_many", error_message=f"Error: only {self._most} calls of a turn are run. Call again.")
        return calls[: self._most] + [refused] * (len(calls) - self._most)

    def _written(self) -> int:
        """Complete calls in the text of a turn, readable or not; 0 for a parser that marks no beginning and end."""
        begin = getattr(self._parser, "tool_call_start_token", None)
        end = getattr(self._parser, "tool_call_end_token", None)
        if not begin or not end:
            return 0
        before, *pieces = self._tokenizer.decode(self._turn).split(begin)
        self.open_block = bool(pieces) and end not in pieces[-1]
        return sum(end in piece for piece in pieces)

    async def reply(self, outputs: list[str], written: list[int]) -> tuple[int, list[int]]:
        """Put outputs into turns of the role `tool`, as the chat template writes them after `written`."""
        before = list(self._messages)
        for place, output in enumerate(outputs):
            name = self._names[place] if place < len(self._names) else NAME
            self._messages.append({"role": "tool", "name": name, "content": marked(output, self._plain)})
        merge = merge_context(self._loop)
        merged, _, _ = await merge(before, self._messages, written, [], tools=self.tools)
        back = merged.removed_prefix_token_count
        return back, merged.token_ids[len(written) - back :]

    def _read_call(self, call: FunctionCall) -> Call:
        """Return the program of a call, or the call of another tool, or what is wrong with it."""
        if call.name in self._others:
            return Call(tool=call)
        if call.name != NAME:
            there = ", ".join([NAME, *sorted(self._others)])
            known = f"The only one is {NAME}." if not self._others else f"There are {there}."
            return Call(fault="unknown_tool", error_message=f"Error: there is no tool {call.name[:50]!r}. {known}")
        try:
            arguments = json.loads(call.arguments)
        except (ValueError, RecursionError):
            return Call(fault="unreadable", error_message=UNREADABLE)
        code = arguments.get("code") if isinstance(arguments, dict) else None
        if not isinstance(code, str) or not code.strip():
            return Call(fault="no_code", error_message=NO_CODE)
        return Call(unfenced(code))


def _assistant(content: str, calls: list[FunctionCall]) -> dict[str, Any]:
    """Return the turn as a message, which some templates look at to name the tool in its answer."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [{"type": "function", "function": _function(call)} for call in calls]
    return message


def _function(call: FunctionCall) -> dict[str, Any]:
    """Return the call with its arguments as an object, as templates want them, or as written where they are none."""
    parsed = OpenAIFunctionParsedSchema(name=call.name, arguments=call.arguments)
    function, broken = OpenAIFunctionCallSchema.from_openai_function_parsed_schema(parsed)
    if broken:
        return parsed.model_dump()
    return function.model_dump()
