"""The code interpreter as a tool for verl's own loop `tool_agent`, beside tools of yours.

Write a file of tools and name it as `actor_rollout_ref.rollout.multi_turn.tool_config_path`:

    tools:
      - class_name: still_verl.integration.verl_tool.CodeInterpreter
        config:
          type: native
          tokenizer: /models/Qwen3-4B   # of the model that is trained
          max_calls: 8                  # and other settings of still.interpreter

docs/interpreter.md has the whole command.
"""

import weakref
from contextlib import ExitStack
from dataclasses import asdict, fields
from typing import Any

from transformers import AutoTokenizer
from verl.tools.base_tool import BaseTool
from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse

from still_verl.config_errors import ConfigError, one_of
from still_verl.integration.agent_loops.tool_calls import NO_CODE, SCHEMA, UNREADABLE
from still_verl.interpreter.build import RunCode, code_of_a_response, shared_sandbox
from still_verl.interpreter.formats import unfenced
from still_verl.interpreter.response import as_output
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_text import PlainTokens
from still_verl.interpreter.tool_stats import ToolStats

# What is between the two halves of a control token's name: tokenizers see no token there, and readers no mark.
ZERO_WIDTH_SPACE = "\u200b"
NOT_OURS = ("format", "run_at_end")  # how code is written in a response: verl's parser of tool calls says that


def read_config(config: dict[str, Any]) -> InterpreterConfig:
    """Read the settings of the tool.

    Raises:
        ConfigError: an unknown key, or a value that cannot work.
    """
    known = {field.name for field in fields(InterpreterConfig)} - set(NOT_OURS)
    options = {key: value for key, value in config.items() if key not in ("type", "tokenizer")}
    for key in options:
        one_of("code_interpreter.config", key, sorted(known))
    if not config.get("tokenizer"):
        raise ConfigError(
            "code_interpreter.config.tokenizer=None: give the path of the model that is trained, so that what a "
            "program prints cannot become its control tokens"
        )
    return InterpreterConfig(**options)


class CodeInterpreter(BaseTool):
    """Runs the programs of a response in one session, and counts them in the response's `extra_fields`."""

    def __init__(self, config: dict[str, Any], tool_schema: OpenAIFunctionToolSchema | None = None) -> None:
        self.settings = read_config(config)
        self.plain = PlainTokens(AutoTokenizer.from_pretrained(config["tokenizer"]))
        self.responses: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()
        super().__init__(config, tool_schema or self.get_openai_tool_schema())

    def get_openai_tool_schema(self) -> OpenAIFunctionToolSchema:
        """Return the schema that the model is told."""
        return OpenAIFunctionToolSchema.model_validate(SCHEMA)

    async def execute(
        self, instance_id: str, parameters: dict[str, Any], agent_data: Any = None, **kwargs: Any
    ) -> tuple[ToolResponse, float, dict[str, Any]]:
        """Run the program of a call.

        Args:
            instance_id: of verl, another one for each call.
            parameters: `code`, the program.
            agent_data: verl's state of the response, by which calls of one response share their variables.
            kwargs: what else verl says.

        Returns:
            What the model reads, no reward, and the counts of the response.
        """
        session = self._session(agent_data)
        text = await session.answer(parameters)
        counts = {f"tool_{name}": value for name, value in asdict(session.stats).items()}
        if agent_data is not None:
            agent_data.extra_fields.update(counts)
        return ToolResponse(text=ZERO_WIDTH_SPACE.join(self.plain.parts(text))), 0.0, counts

    def _session(self, agent_data: Any) -> "Session":
        if agent_data is None:  # a loop that does not say which response this is
            return Session(self.settings, shared_sandbox(self.settings).run)
        if agent_data not in self.responses:
            stack = ExitStack()
            run_code = stack.enter_context(code_of_a_response(shared_sandbox(self.settings), self.settings.stateful))
            # verl does not say when a response is over; it lets go of its state.
            weakref.finalize(agent_data, stack.close)
            self.responses[agent_data] = Session(self.settings, run_code)
        return self.responses[agent_data]


class Session:
    """The calls of one response."""

    def __init__(self, settings: InterpreterConfig, run_code: RunCode) -> None:
        self.settings = settings
        self.run_code = run_code
        self.stats = ToolStats()

    async def answer(self, parameters: Any) -> str:
        """Run a call; return what the model reads."""
        if cap := self.settings.cap(self.stats.calls, self.stats.seconds):
            self.stats.cap_reached = 1
            return cap
        if not isinstance(parameters, dict):
            self.stats.refuse("unreadable")
            return UNREADABLE
        code = parameters.get("code")
        if not isinstance(code, str) or not code.strip():
            self.stats.refuse("no_code")
            return NO_CODE
        result, waited = await self.run_code(unfenced(code))
        self.stats.add(result, waited)
        return as_output(result)
