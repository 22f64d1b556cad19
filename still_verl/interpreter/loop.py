"""Agent loops that verl's rollout runs for each sample."""

from functools import lru_cache
from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, register
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder


@lru_cache(maxsize=8)
def usable_model_type(tokenizer: PreTrainedTokenizerBase, hf_model_type: str | None) -> str | None:
    """`hf_model_type`, or None (verl's generic prompt builder) if the tokenizer lacks that family's role tokens.

    DeepSeek-R1-Distill-Qwen has model type qwen2 without `<|im_end|>`; stock verl 0.9.1 refuses it
    (verl/utils/tokenizer/continuous_token.py `require_token_id`, upstream issue #7637).
    """
    try:
        create_continuous_token_builder(tokenizer, hf_model_type=hf_model_type)
    except ValueError:
        return None
    return hf_model_type


@lru_cache(maxsize=8)
def stop_token_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens on which vLLM ends a response: the tokenizer's EOS and those of the model's generation config."""
    ids = {tokenizer.eos_token_id}
    try:
        configured = GenerationConfig.from_pretrained(tokenizer.name_or_path).eos_token_id
    except OSError:  # the model has no generation_config.json
        configured = None
    ids.update(configured if isinstance(configured, list) else [configured])
    return frozenset(ids - {None})


def finish_reason(response_ids: list[int], budget: int, stop_ids: frozenset[int]) -> str:
    """ "stop" if the model ended its response, "length" if the budget (in tokens) did.

    verl reports both as "completed". A response that ends exactly at the budget is finished.
    """
    ended = bool(response_ids) and response_ids[-1] in stop_ids
    return "length" if len(response_ids) >= budget and not ended else "stop"


@register("still")
class SingleTurn(SingleTurnAgentLoop):
    """verl's single turn for any tokenizer.

    `extra_fields` gains `finish_reason` ("stop" or "length") and `response_tokens`; verl shows them to rewards.
    """

    def __init__(
        self, *args: Any, tokenizer: PreTrainedTokenizerBase, hf_model_type: str | None = None, **kwargs: Any
    ) -> None:
        model_type = usable_model_type(tokenizer, hf_model_type)
        super().__init__(*args, tokenizer=tokenizer, hf_model_type=model_type, **kwargs)

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> AgentLoopOutput:
        output = await super().run(sampling_params, **kwargs)
        stop_ids = stop_token_ids(self.tokenizer)
        output.extra_fields["finish_reason"] = finish_reason(output.response_ids, self.response_length, stop_ids)
        output.extra_fields["response_tokens"] = len(output.response_ids)
        return output
