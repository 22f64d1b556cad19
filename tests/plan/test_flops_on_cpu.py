import math
from dataclasses import replace

import pytest

from still_verl.plan.flops import device_flops, forward_flops, token_flops
from still_verl.plan.models import FAMILIES, KNOWN
from still_verl.plan.shape import Experts, Shape

QWEN_7B = KNOWN["Qwen/Qwen2.5-7B"]
EXPERTS = Experts(count=60, active=4, intermediate=1408)
QWEN3_MOE = replace(QWEN_7B, family="qwen3_moe", experts=EXPERTS, qkv_bias=False, qk_norm=True)


def multiplied(shape: Shape) -> int:
    """The weights that a token is multiplied with, and the embedding, which verl counts as if it were."""
    attention = shape.hidden * (2 * shape.query_size + 2 * shape.kv_size)
    mlp = 3 * shape.hidden * shape.mlp_size
    router = shape.hidden * shape.experts.count if shape.experts else 0
    return shape.layers * (attention + mlp + router) + 2 * shape.vocab * shape.hidden


@pytest.mark.parametrize("shape", [QWEN_7B, QWEN3_MOE, replace(QWEN3_MOE, head_dim=64)])
def test_a_forward_pass_is_two_operations_a_weight_and_token_and_attention(shape: Shape) -> None:
    lengths = [1000, 3000]
    attention = 2 * shape.layers * shape.query_size * (1000**2 + 3000**2)  # causal: half of 4 x length^2
    assert forward_flops(shape, lengths) == pytest.approx(2 * multiplied(shape) * 4000 + attention)


@pytest.mark.parametrize("family", FAMILIES)
def test_verl_counts_every_family_that_is_served(family: str) -> None:
    shape = replace(QWEN_7B, family=family)
    if family.endswith("_moe"):
        shape = replace(shape, experts=EXPERTS)
    assert token_flops(shape) == pytest.approx(2 * multiplied(shape), rel=1e-3)


def test_it_is_a_third_of_what_verl_counts_for_a_training_step() -> None:
    from transformers import Qwen2Config
    from verl.utils.flops_counter import ESTIMATE_FUNC

    config = Qwen2Config(
        vocab_size=QWEN_7B.vocab,
        hidden_size=QWEN_7B.hidden,
        num_hidden_layers=QWEN_7B.layers,
        num_attention_heads=QWEN_7B.heads,
        num_key_value_heads=QWEN_7B.kv_heads,
        intermediate_size=QWEN_7B.intermediate,
    )
    theirs = ESTIMATE_FUNC["qwen2"](config, 4000, [1000, 3000], 1.0)
    assert 3 * forward_flops(QWEN_7B, [1000, 3000]) == pytest.approx(theirs * 1e12)


def test_the_shared_expert_is_counted_once() -> None:
    """verl leaves it out. When this fails because verl counts it, drop ours in `forward_flops`."""
    without = replace(QWEN3_MOE, family="qwen2_moe")
    shared = replace(without, experts=replace(EXPERTS, shared=5632))
    more = forward_flops(shared, [10]) - forward_flops(without, [10])
    assert more == pytest.approx(10 * 2 * 28 * (3 * 3584 * 5632 + 3584))
    assert forward_flops(shared, [10]) == pytest.approx(10 * 2 * multiplied(shared), rel=1e-3)


def test_a_device_is_not_taken_for_one_with_a_shorter_name() -> None:
    assert device_flops("H200") == 989e12 and device_flops("H20") == 148e12
    assert device_flops("NVIDIA T1000") == math.inf
