"""Why a response ended. verl says "completed" both when the model stopped and when its token limit was reached."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@lru_cache(maxsize=8)
def stop_token_ids(tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Return the tokens on which vLLM ends a response: the tokenizer's EOS and those of the model's config."""
    from transformers import GenerationConfig  # not above: the rest of this package works without transformers

    ids = {tokenizer.eos_token_id}
    try:
        configured = GenerationConfig.from_pretrained(tokenizer.name_or_path).eos_token_id
    except OSError:  # the model has no generation_config.json
        configured = None
    if not isinstance(configured, list):
        configured = [configured]
    ids.update(configured)
    return frozenset(ids - {None})


def finish_reason(response_ids: Sequence[int], budget: int, stop_ids: frozenset[int]) -> str:
    """Return "stop" if the model ended its response, "length" if the budget (in tokens) did.

    A response that ends exactly at the budget is finished. One that goes on behind its end, since the server was told
    to ignore it, is not, also if all that comes there are more ends.

    Example:
        >>> finish_reason([5, 6, 7], budget=3, stop_ids=frozenset({2}))
        'length'
        >>> finish_reason([5, 6, 2], budget=3, stop_ids=frozenset({2}))
        'stop'
        >>> finish_reason([5, 2, 2], budget=3, stop_ids=frozenset({2}))
        'length'
    """
    ends = [token in stop_ids for token in response_ids[-2:]]
    ended = bool(ends) and ends[-1] and sum(ends) == 1
    return "length" if len(response_ids) >= budget and not ended else "stop"
