"""Operations of a model and of a device, as verl counts them for its metric `perf/mfu`.

No other module touches `verl.utils.flops_counter`. This one relies on three things there, which
`tests/test_contract_on_cpu.py` and `tests/plan/test_flops_on_cpu.py` check:

* `ESTIMATE_FUNC[family](config, tokens_sum, batch_seqlens, delta_time)` returns 1e12 operations a second, and reads
  from `config` the names that `_verl_config` gives.
* It counts a training step: 6 operations for each weight and token, 2 forward and 4 backward; its attention likewise.
  A third of it is a forward pass.
* `get_device_flops("T", name)` returns the dense bf16 peak of a device in 1e12 operations a second.

verl's `FlopsCounter`, the class around these functions, is of no use here: it also asks which device is present, and
fails where there is none.
"""

from collections.abc import Sequence
from types import SimpleNamespace

from verl.utils.flops_counter import ESTIMATE_FUNC, get_device_flops

from still_verl.plan.shape import Shape

TERA = 1e12
PASSES_OF_A_STEP = 3  # a backward pass counts as two forward ones


def forward_flops(shape: Shape, lengths: Sequence[float]) -> float:
    """Count the operations of one forward pass over whole sequences, with causal attention.

    verl counts the embedding as if it were multiplied with, and so do we: its `perf/mfu` and with it the utilization in
    `calibration.py` are on that scale.

    Args:
        shape: of the model.
        lengths: tokens of each sequence.
    """
    tokens = sum(lengths)
    training = ESTIMATE_FUNC[shape.family](_verl_config(shape), tokens, lengths, 1.0) * TERA
    # verl's count of qwen2_moe leaves out the shared expert: half of the MLP in the published models.
    shared = 2 * shape.layers * shape.shared_parameters * tokens
    return training / PASSES_OF_A_STEP + shared


def token_flops(shape: Shape) -> float:
    """Count the operations of one token of decoding, without attention to its past: reading the cache bounds that."""
    return forward_flops(shape, [1])


def device_flops(name: str) -> float:
    """Look up the dense bf16 operations a second of a device; infinity where verl does not know it."""
    return get_device_flops("T", name) * TERA


def _verl_config(shape: Shape) -> SimpleNamespace:
    """Give the sizes the names of a transformers config, as far as verl's counts read them."""
    config = SimpleNamespace(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        intermediate_size=shape.intermediate,
    )
    if shape.experts is not None:
        config.num_experts = shape.experts.count
        config.num_experts_per_tok = shape.experts.active
        config.moe_intermediate_size = shape.experts.intermediate
    return config
