"""A model that says at each position the token that a test wants: real weights, for a real vLLM and a real actor.

OPT adds a vector of the position to that of the token. Here only the former is not 0, so that the model does not see
what stands before: position P says the token that was written down for it, with a probability of 1 in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, OPTConfig, OPTForCausalLM

HEADS = 8
LOUD = 4.0  # times the square root of the width: the distance of the right logit from the others


def write_position_model(folder: Path, tokenizer: Any, says: Mapping[int, int], positions: int) -> None:
    """Write the model and its tokenizer.

    Args:
        folder: to write to.
        tokenizer: its vocabulary is the model's.
        says: the token that comes after each position.
        positions: tokens that the model can read, a multiple of 256.
    """
    config = OPTConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=positions,
        hidden_size=positions,
        word_embed_proj_dim=positions,
        num_hidden_layers=1,
        num_attention_heads=HEADS,
        ffn_dim=32,
        dropout=0.0,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        num_key_value_heads=HEADS,  # verl asks every model
        dtype="float32",
    )
    model = OPTForCausalLM(config)
    decoder = model.model.decoder
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        decoder.final_layer_norm.weight.fill_(1.0)
        decoder.embed_positions.weight[-positions:] = torch.eye(positions)  # OPT leaves the first two out
        for position, token in says.items():
            model.lm_head.weight[token, position] = LOUD
    model.save_pretrained(folder)
    GenerationConfig(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@dataclass(frozen=True)
class Part:
    """Tokens that a model writes, what it writes behind them that is dropped, and what it reads then."""

    own: list[int]
    dropped: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)


def spoken(prompt: list[int], parts: list[Part]) -> dict[int, int]:
    """Return what a model must say at each position, so that a response to `prompt` becomes `parts`."""
    says = {}
    place = len(prompt) - 1
    for part in parts:
        for distance, token in enumerate(part.own + part.dropped):
            says[place + distance] = token
        place += len(part.own + part.read)
    return says
