"""Attention of packed sequences on a processor, so that nothing but attention sees padding.

verl packs the sequences of a batch behind each other where `model.use_remove_padding` is true, which needs an attention
that keeps them apart. On GPUs that is flash attention. Responses have very different lengths: padded to the longest, a
batch of the demo is twice as many tokens, in every layer and pass.

transformers finds it as `attn_implementation=still_packed`; `engine` imports this module.
"""

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

NAME = "still_packed"


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_ids: torch.Tensor | None = None,
    sliding_window: int | None = None,
    **_kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Return the causal attention of each sequence in a row of tokens.

    Args:
        query: of shape (1, heads, tokens, width).
        key: of shape (1, heads or a divisor of them, tokens, width).
        value: as `key`.
        attention_mask: none: sequences that are packed have no padding.
        scaling: of the products.
        dropout: its probability.
        position_ids: of shape (1, tokens); a sequence begins where it is 0.
        sliding_window: tokens that a token sees at most, itself included; None is all before it.

    Raises:
        NotImplementedError: the tokens are not packed sequences of text.
    """
    if query.shape[0] != 1 or attention_mask is not None or position_ids is None or position_ids.dim() != 2:
        raise NotImplementedError(
            f"attn_implementation={NAME} is for text with use_remove_padding=true; else take sdpa"
        )
    begins = torch.nonzero(position_ids[0] == 0).flatten()
    ends = torch.cat([begins[1:], begins.new_tensor([query.shape[2]])])
    lengths = ends - begins
    rows = torch.repeat_interleave(lengths)
    columns = torch.arange(query.shape[2]) - begins[rows]
    longest = int(lengths.max())

    def padded(packed: torch.Tensor) -> torch.Tensor:
        tokens = packed[0].transpose(0, 1)
        found = tokens.new_zeros(len(begins), longest, *tokens.shape[1:]).index_put((rows, columns), tokens)
        return found.transpose(1, 2)

    groups = query.shape[1] // key.shape[1]
    keys, values = (padded(each).repeat_interleave(groups, dim=1) for each in (key, value))
    mask = None
    if sliding_window is not None and longest > sliding_window:
        distance = torch.arange(longest)[:, None] - torch.arange(longest)
        mask = (distance >= 0) & (distance < sliding_window)
    found = scaled_dot_product_attention(
        padded(query), keys, values, attn_mask=mask, is_causal=mask is None, scale=scaling, dropout_p=dropout
    )
    return found.transpose(1, 2)[rows, columns].unsqueeze(0), None


AttentionInterface.register(NAME, packed_attention)
