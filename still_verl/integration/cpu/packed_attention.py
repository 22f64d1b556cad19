"""Attention of packed sequences on a processor, so that nothing but attention sees padding.

verl packs the sequences of a batch behind each other where `model.use_remove_padding` is true, which needs an attention
that keeps them apart. On GPUs that is flash attention. Responses have very different lengths: padded to the longest, a
batch of the demo is twice as many tokens, in every layer and pass.

`keep_apart` gives it to a model that was built for sdpa. No config and no checkpoint holds its name.
"""

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

NAME = "still_packed"
MORE = ("softcap", "s_aux")  # what some models add to the scores
LENGTH = 7  # of the two sequences that prove a model
ROUNDINGS = 16  # a mixture of experts may add the same numbers in another order
DIFFERENCE = 3  # times the root of the precision: 1e-3 of the logits' deviation in fp32, 0.3 in bf16


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
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Return the causal attention of each sequence in a row of tokens.

    Args:
        query: of shape (1, heads, tokens, width).
        key: of shape (1, heads or a divisor of them, tokens, width).
        value: as `key`.
        attention_mask: none: sequences that are packed have no padding.
        scaling: of the products.
        dropout: its probability.
        position_ids: of shape (1, tokens); a sequence begins where they do not go on.
        sliding_window: tokens that a token sees at most, itself included; None is all before it.

    Raises:
        NotImplementedError: the tokens are not packed sequences of text.
    """
    if query.shape[0] != 1 or attention_mask is not None or position_ids is None or position_ids.dim() != 2:
        raise NotImplementedError("packed sequences of text are one row without a mask, with positions")
    if more := [name for name in MORE if others.get(name) is not None]:
        raise NotImplementedError(f"its attention has {more[0]}")
    begins = beginnings(position_ids[0])
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


def beginnings(positions: torch.Tensor) -> torch.Tensor:
    """Return where sequences begin, of shape (sequences,), in positions of shape (tokens,)."""
    first = torch.ones_like(positions, dtype=torch.bool)
    first[1:] = positions.diff() != 1
    return torch.nonzero(first).flatten()


def keep_apart(model: PreTrainedModel) -> None:
    """Give a model this attention, and prove that a packed sequence has the logits that it has alone.

    Layers of another kind, recurrent ones say, would mix sequences, and an attention with more than a mask would lose
    it. Weights that are not there yet (those of other ranks) prove nothing; the rank that has them does.

    Raises:
        ValueError: the model is one that cannot be packed so, with the reason.
    """
    before = model.config._attn_implementation
    proving = not any(each.is_meta for each in model.parameters())
    alone = second_of([], model) if proving else None
    model.set_attn_implementation(NAME)
    if alone is None:
        return
    try:
        check(alone, second_of([1] * LENGTH, model), second_of([2] * LENGTH, model))
    except (NotImplementedError, ValueError) as error:
        model.set_attn_implementation(before)
        raise ValueError(f"{type(model).__name__} cannot be packed: {error}") from None


def check(alone: torch.Tensor, one: torch.Tensor, other: torch.Tensor) -> None:
    """Compare the logits of a sequence: alone, behind one sequence, and behind another.

    Raises:
        ValueError: they differ by more than rounding.
    """
    eps = torch.finfo(alone.dtype).eps
    if (one - other).abs().max() > ROUNDINGS * eps * one.abs().max():
        raise ValueError("a sequence sees the one before it")
    if (one - alone).abs().max() > DIFFERENCE * eps**0.5 * alone.float().std():
        raise ValueError("its attention is more than products and a mask, or it does not read positions")


@torch.no_grad()
def second_of(before: list[int], model: PreTrainedModel) -> torch.Tensor:
    """Return the logits of a sequence that is packed behind the tokens of another, of shape (tokens, vocabulary)."""
    after = list(range(LENGTH))
    ids, positions = torch.tensor([before + after]), torch.tensor([[*range(len(before)), *range(LENGTH)]])
    training = model.training
    model.eval()
    try:
        output = model(ids, position_ids=positions, use_cache=False)
        return output.logits[0, len(before) :]
    finally:
        model.train(training)


AttentionInterface.register(NAME, packed_attention)
