"""Why a response ended. verl says "completed" both when the model stopped and when its token limit was reached.

The reasons: "stop" (the model ended it), "length" (its budget did), and with code also "turns" (a limit of verl's on
turns), "aborted" (the engine gave it up) and "empty" (the engine returned nothing, so that going on would never end).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the rest of this package works without transformers
    import numpy as np
    from transformers import PreTrainedTokenizerBase

STOP, LENGTH, TURNS, ABORTED, EMPTY = FINISH_REASONS = ("stop", "length", "turns", "aborted", "empty")


@lru_cache(maxsize=8)
def stop_token_ids(tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Return the tokens on which vLLM ends a response: the tokenizer's EOS and those of the model's config."""
    configured = _configured_eos(tokenizer.name_or_path)
    if not isinstance(configured, list):
        configured = [configured]
    return frozenset({tokenizer.eos_token_id, *configured} - {None})


def _configured_eos(model: str) -> Any:
    """Return what a model's folder says of the end, as vLLM reads it: its config counts without a generation config."""
    from transformers import AutoConfig, GenerationConfig

    try:
        return GenerationConfig.from_pretrained(model).eos_token_id
    except OSError:  # the model has no generation_config.json
        pass
    try:
        return GenerationConfig.from_model_config(AutoConfig.from_pretrained(model)).eos_token_id
    except (OSError, ValueError):  # a tokenizer alone
        return None


def finish_reason(response_ids: "Sequence[int] | np.ndarray", budget: int, stop_ids: frozenset[int]) -> str:
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
    if len(response_ids) >= budget and not ended:
        return LENGTH
    return STOP
