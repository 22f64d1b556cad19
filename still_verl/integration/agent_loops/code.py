"""The agent loop `still_code`: a response stops at a block of Python, gets its output, and goes on."""

import time
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput

from still_verl.config import still_config
from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.agent_loops.tool_calls import ToolCalls
from still_verl.interpreter import packages
from still_verl.interpreter.build import RunCode, code_of_a_response, shared_sandbox
from still_verl.interpreter.finish_reason import finish_reason, stop_token_ids
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_buffer import TokenBuffer
from still_verl.interpreter.tool_stats import ToolStats
from still_verl.interpreter.turns import Call, Dialogue, TextBlocks

NO_OUTPUT = "(no output)"


class CodeLoop(SingleTurn):
    """verl's agent loop with a code interpreter.

    When a limit on calls or seconds is reached, the model reads that instead of an output, and continues without it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings: InterpreterConfig = still_config(self.config).interpreter

    def new_dialogue(self, messages: list[dict[str, Any]]) -> Dialogue:
        """Return the parser of one response to `messages`, by `still.interpreter.format`."""
        chosen = CODE_FORMATS.find(self.settings.format)
        if issubclass(chosen, ToolCalls):
            return chosen(self, self.rollout_config.multi_turn.format, messages)
        return TextBlocks(chosen(), self.tokenizer)

    async def run(
        self,
        sampling_params: dict[str, Any],
        still_budget: int | None = None,
        still_temperature: float | None = None,
        priority: int = 0,
        **kwargs: Any,
    ) -> AgentLoopOutput:
        """Write one response to the prompt `raw_prompt`.

        Args:
            sampling_params: of verl's rollout.
            still_budget: tokens that the step allows; None allows `data.max_response_length`.
            still_temperature: of the step; None changes nothing.
            priority: of the request in the engine.
            kwargs: the columns of the data.
        """
        params = dict(sampling_params)
        if still_temperature is not None:
            params["temperature"] = still_temperature
        budget = min(still_budget or self.response_length, self.response_length)
        messages = list(kwargs["raw_prompt"])
        if self.settings.packages_in_prompt:
            messages = packages.announce(messages, packages.sentence())
        dialogue = self.new_dialogue(messages)
        prompt_ids = await self.ct_build_initial_tokens(messages, tools=dialogue.tools)  # type: ignore[arg-type]
        response = Response(self, dialogue, prompt_ids, budget, params, int(priority))
        with code_of_a_response(shared_sandbox(self.settings), self.settings.stateful) as run_code:
            await response.write(run_code)
        return response.output()


class Response:
    """One response while it is written."""

    def __init__(
        self,
        loop: CodeLoop,
        dialogue: Dialogue,
        prompt_ids: list[int],
        budget: int,
        params: dict[str, Any],
        priority: int,
    ) -> None:
        self.loop = loop
        self.settings = loop.settings
        self.tokenizer: Any = loop.tokenizer
        self.dialogue = dialogue
        self.prompt_ids = prompt_ids
        self.params = params
        self.priority = priority
        self.buffer = TokenBuffer(budget)
        self.interpreting = True
        self.stats = ToolStats()
        self.turns = 0
        self.generating = 0.0
        self.extra: dict[str, Any] = {}
        self.request_id = uuid4().hex  # the same for all turns: their prefix is cached on one server

    async def write(self, run_code: RunCode) -> None:
        """Generate and run in turn until the model ends, or the budget does."""
        while self.buffer.left > 0:
            calls = await self._generate()
            if not calls:
                return
            outputs = [await self._answer(call, run_code) for call in calls]
            dropped, ids = await self.dialogue.reply(outputs, self.prompt_ids + self.buffer.ids)
            self.buffer.drop_last(dropped)
            self.stats.cut_outputs += self.buffer.add_output(ids)

    async def _generate(self) -> list[Call]:
        """Let the model write one turn; return the calls that it makes."""
        params = self.params | {"max_tokens": self.buffer.left}
        if self.interpreting:
            params |= self.dialogue.stops
        started = time.monotonic()
        output = await self.loop.server_manager.generate(
            request_id=self.request_id,
            prompt_ids=self.prompt_ids + self.buffer.ids,
            sampling_params=params,
            priority=self.priority,
        )
        self.generating += time.monotonic() - started
        self.turns += 1
        self._keep_extra(output.extra_fields)
        self.buffer.add_generated(output.token_ids, output.log_probs)
        turn = await self.dialogue.read(output.token_ids)
        if not self.interpreting:
            return []
        self.stats.skipped_blocks += turn.skipped_blocks
        return turn.calls

    def _keep_extra(self, extra: dict[str, Any]) -> None:
        """Keep what the engine says of the latest turn; which weights wrote a response is said by its first turn."""
        first_turn = {}
        for key in ("global_steps", "min_global_steps"):
            if key in self.extra:
                first_turn[key] = self.extra[key]
        self.extra = extra | first_turn

    async def _answer(self, call: Call, run_code: RunCode) -> str:
        """Run a call; return what the model reads in answer."""
        if cap := self._cap():
            self.stats.cap_reached, self.interpreting = 1, False
            return cap
        if call.fault:
            self.stats.refuse(call.fault)
            return call.error_message
        result, waited = await run_code(call.code)
        self.stats.add(result, waited)
        return as_output(result)

    def _cap(self) -> str:
        """Say why no more code is run, in words for the model; nothing while it is."""
        if self.stats.calls >= self.settings.max_calls:
            return f"No more code is run in this response: {self.settings.max_calls} calls were made."
        if self.stats.seconds >= self.settings.seconds_per_response:
            return f"No more code is run in this response: {self.settings.seconds_per_response:g} seconds were used."
        return ""

    def output(self) -> AgentLoopOutput:
        """Return the response as verl wants it; the tokens of tools have mask 0 and log-prob 0."""
        self.stats.unfinished = int(self.dialogue.open_block)
        for name, value in asdict(self.stats).items():
            self.extra[f"tool_{name}"] = value
        self.extra |= {
            "tool_masked_tokens": self.buffer.mask.count(0),
            "tool_spans": self.buffer.tool_spans,
            "finish_reason": finish_reason(self.buffer.ids, self.buffer.budget, stop_token_ids(self.tokenizer)),
            "response_tokens": len(self.buffer.ids),
            "response_budget": self.buffer.budget,
        }
        log_probs = self.buffer.log_probs if self.params.get("logprobs") else None
        return AgentLoopOutput(
            prompt_ids=self.prompt_ids,
            response_ids=self.buffer.ids,
            response_mask=self.buffer.mask,
            response_logprobs=log_probs,
            num_turns=2 * self.turns,
            metrics=AgentLoopMetrics(generate_sequences=self.generating, tool_calls=self.stats.seconds),
            extra_fields=self.extra,
        )


def as_output(result: Result) -> str:
    """Return what a model reads of a result.

    An error may quote what no tokenizer takes, a lone surrogate: it is written as its escape.
    """
    parts = [part for part in (result.stdout.rstrip("\n"), result.error) if part]
    text = "\n".join(parts) or NO_OUTPUT
    return text.encode("utf-8", "backslashreplace").decode()
