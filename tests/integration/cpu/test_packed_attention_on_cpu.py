"""Packed sequences get the log-probs and gradients that they have alone."""

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
)

from still_verl.integration.cpu.packed_attention import beginnings, keep_apart

SIZE = {
    "vocab_size": 50,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
CONFIGS = {
    "qwen2": Qwen2Config(**SIZE),
    "qwen2 in windows": Qwen2Config(**SIZE, use_sliding_window=True, sliding_window=5, max_window_layers=0),
    "qwen3": Qwen3Config(**SIZE, head_dim=16),
    "llama": LlamaConfig(**SIZE),
    "mistral in windows": MistralConfig(**SIZE, sliding_window=7),
}
LENGTHS = [1, 13, 2, 40, 7, 1]


def models(config: Any) -> list[Any]:
    """The same weights with transformers' attention and with ours."""
    torch.manual_seed(0)
    theirs = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    ours = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    ours.load_state_dict(theirs.state_dict())
    keep_apart(ours)
    return [theirs.train(), ours.train()]


@pytest.mark.parametrize("kind", CONFIGS)
def test_packed_is_as_alone(kind: str) -> None:
    theirs, ours = models(CONFIGS[kind])
    sequences = [torch.randint(0, 50, (length,)) for length in LENGTHS]
    alone = torch.cat([theirs(sequence[None]).logits[0] for sequence in sequences])
    positions = torch.cat([torch.arange(length) for length in LENGTHS])
    packed = ours(torch.cat(sequences)[None], position_ids=positions[None], use_cache=False).logits[0]
    torch.testing.assert_close(packed, alone, rtol=1e-4, atol=1e-5)
    weights = torch.randn_like(alone)
    for logits in (alone, packed):
        (logits.log_softmax(-1) * weights).sum().backward()
    for (name, one), other in zip(theirs.named_parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-3, atol=1e-4, msg=lambda text, name=name: name + text)


def test_padded_tokens_are_refused() -> None:
    _, ours = models(CONFIGS["qwen2"])
    with pytest.raises(NotImplementedError, match="without a mask"):
        ours(torch.zeros(2, 5, dtype=torch.long), attention_mask=torch.ones(2, 5, dtype=torch.long))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (MambaConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2), "sees the one before it"),
        (
            BloomConfig(vocab_size=50, hidden_size=32, n_layer=2, n_head=4),
            "sees the one before it",
        ),  # its own attention
        (Gemma2Config(**SIZE, head_dim=16), "softcap"),
    ],
    ids=["recurrent", "attention of its own", "scores with a cap"],
)
def test_a_model_that_cannot_be_packed_is_refused(config: Any, reason: str) -> None:
    model = AutoModelForCausalLM.from_config(config)
    before = model.config._attn_implementation
    with pytest.raises(ValueError, match=f"cannot be packed: .*{reason}"):
        keep_apart(model)
    assert model.config._attn_implementation == before


def test_no_config_that_is_saved_has_its_name() -> None:
    _, ours = models(CONFIGS["llama"])
    assert "still_packed" not in ours.config.to_json_string()


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([0, 1, 2, 0, 1], [0, 3]),
        ([0, 0, 0], [0, 1, 2]),  # rows of one token each
        ([5, 6, 0, 1, 1, 2], [0, 2, 4]),  # whatever they begin with
        ([0], [0]),
    ],
)
def test_where_sequences_begin(positions: list[int], expected: list[int]) -> None:
    assert beginnings(torch.tensor(positions)).tolist() == expected
