"""The agent loop `still_tool_agent`: verl's `tool_agent`, which also says what the model wrote itself."""

from typing import Any

from verl.experimental.agent_loop.agent_loop import AgentLoopOutput
from verl.experimental.agent_loop.tool_agent_loop import ToolAgentLoop

from still_verl.integration.agent_loops.step_limits import apply_step
from still_verl.interpreter.finish_reason import LENGTH, STOP, TURNS, finish_reason, stop_token_ids
from still_verl.interpreter.token_buffer import TokenBuffer


class ToolAgent(ToolAgentLoop):
    """verl's loop with any tools, for rewards and metrics that read no output of theirs.

    `extra_fields` gains what `still_code` leaves there too: `tool_spans`, `model_text`, `tool_masked_tokens`,
    `finish_reason`, `response_tokens` and `response_budget`.
    """

    async def run(
        self,
        sampling_params: dict[str, Any],
        still_budget: int | None = None,
        still_temperature: float | None = None,
        **kwargs: Any,
    ) -> AgentLoopOutput:
        """Write one response with the budget (tokens, tools' too) and temperature of the step; None changes nothing."""
        sampling_params = apply_step(self, sampling_params, still_budget, still_temperature)
        output = await super().run(sampling_params, **kwargs)
        tokenizer: Any = self.tokenizer
        buffer = TokenBuffer(self.response_length, output.response_ids, output.response_mask)
        output.extra_fields |= {
            "tool_spans": buffer.tool_spans,
            "model_text": tokenizer.decode(buffer.own, skip_special_tokens=True),
            "tool_masked_tokens": buffer.mask.count(0),
            "finish_reason": await self._reason(buffer),
            "response_tokens": buffer.mask.count(1),
            "response_budget": buffer.budget,
        }
        return output

    async def _reason(self, buffer: TokenBuffer) -> str:
        """Return why a response ended. One that ends with a call would have gone on: verl left that unanswered."""
        reason = finish_reason(buffer.ids, buffer.budget, stop_token_ids(self.tokenizer))
        answers = buffer.tool_spans
        last_turn = buffer.ids[answers[-1][1] :] if answers else buffer.ids
        _, calls = await self.tool_parser.extract_tool_calls(
            last_turn, [tool.tool_schema for tool in self.tools.values()]
        )
        if reason != STOP or not calls:
            return reason
        too_many = self.max_assistant_turns and len(answers) + 1 >= self.max_assistant_turns
        if too_many or (self.max_user_turns and len(answers) >= self.max_user_turns):
            return TURNS
        return LENGTH  # the answer of the tool did not fit
