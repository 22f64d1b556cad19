"""The agent loop `still`: one turn of the model, with what the step allows it."""

from typing import Any

from transformers import PreTrainedTokenizerBase
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop

from still_verl.integration.agent_loops.shared_prompt import SharedPrompt
from still_verl.integration.agent_loops.step_limits import apply_step
from still_verl.integration.releases import with_usable_builder
from still_verl.interpreter.finish_reason import finish_reason, stop_token_ids


class SingleTurn(SharedPrompt, SingleTurnAgentLoop):
    """verl's single turn for any tokenizer.

    `extra_fields` gains `finish_reason` ("stop" or "length"), `response_tokens` and `response_budget`; verl shows them
    to rewards.
    """

    def __init__(
        self,
        *args: Any,
        tokenizer: PreTrainedTokenizerBase,
        processor: Any,
        **kwargs: Any,
    ) -> None:
        usable = with_usable_builder(tokenizer, processor, kwargs)
        super().__init__(*args, tokenizer=tokenizer, processor=processor, **usable)

    async def run(
        self,
        sampling_params: dict[str, Any],
        still_budget: int | None = None,
        still_temperature: float | None = None,
        **kwargs: Any,
    ) -> AgentLoopOutput:
        """Write one response with the budget (tokens) and temperature of the step; None changes nothing."""
        sampling_params = apply_step(self, sampling_params, still_budget, still_temperature)
        output = await super().run(sampling_params, **kwargs)
        stop_ids = stop_token_ids(self.tokenizer)
        output.extra_fields["finish_reason"] = finish_reason(output.response_ids, self.response_length, stop_ids)
        output.extra_fields["response_tokens"] = len(output.response_ids)
        output.extra_fields["response_budget"] = self.response_length
        return output
