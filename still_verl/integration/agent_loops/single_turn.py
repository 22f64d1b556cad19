"""The agent loop `still`: one turn of the model, with what the step allows it."""

from functools import lru_cache
from typing import Any

from transformers import PreTrainedTokenizerBase
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

from still_verl.integration.agent_loops.shared_prompt import SharedPrompt
from still_verl.integration.agent_loops.step_limits import apply_step
from still_verl.interpreter.finish_reason import finish_reason, stop_token_ids

# How verl's error begins where a model type and a processor of images do not belong together.
WRONG_PROCESSOR = "Model resolved to the"


@lru_cache(maxsize=8)
def usable_model_type(
    tokenizer: PreTrainedTokenizerBase, hf_model_type: str | None, processor: Any = None
) -> str | None:
    """Return `hf_model_type`, or None (verl's generic prompt builder) if the tokenizer lacks that family's role tokens.

    DeepSeek-R1-Distill-Qwen has model type qwen2 without `<|im_end|>`; stock verl 0.9.1 refuses it
    (verl/utils/tokenizer/continuous_token.py `require_token_id`, upstream issue #7637). A vision model is judged with
    its processor, without which verl refuses each of their families.

    Raises:
        ValueError: verl has no builder for this model type with, or without, a processor of images.
    """
    try:
        create_continuous_token_builder(tokenizer, hf_model_type=hf_model_type, processor=processor)
    except ValueError as error:
        if str(error).startswith(WRONG_PROCESSOR):
            raise
        return None
    return hf_model_type


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
        hf_model_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        model_type = usable_model_type(tokenizer, hf_model_type, processor)
        super().__init__(*args, tokenizer=tokenizer, processor=processor, hf_model_type=model_type, **kwargs)

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
