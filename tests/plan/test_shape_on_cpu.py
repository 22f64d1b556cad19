from dataclasses import replace

import pytest

from still_verl.plan.models import KNOWN
from still_verl.plan.shape import Experts, Shape

DENSE = KNOWN["Qwen/Qwen2.5-0.5B"]


@pytest.fixture
def mixture() -> Shape:
    return replace(DENSE, family="qwen2_moe", experts=Experts(count=60, active=4, intermediate=1408, shared=5632))


def test_the_cache_of_a_token_is_two_vectors_a_layer() -> None:
    # 7B: 2 x 28 layers x 4 heads x 128 numbers; 32B: 2 x 64 x 8 x 128; two bytes each.
    assert 2 * KNOWN["Qwen/Qwen2.5-7B"].kv_elements == 57_344
    assert 2 * KNOWN["Qwen/Qwen2.5-32B"].kv_elements == 262_144


def test_a_dense_model_reads_all_parameters_for_any_number_of_tokens() -> None:
    assert DENSE.parameters_read(1) == DENSE.parameters_read(100) == DENSE.active_parameters == DENSE.parameters


def test_one_token_reads_its_experts_and_many_read_all(mixture: Shape) -> None:
    idle = 24 * (60 - 4) * 3 * 896 * 1408  # layers, experts that are not chosen, gate, up and down
    assert mixture.active_parameters == mixture.parameters - idle
    assert mixture.parameters_read(1) == pytest.approx(mixture.parameters - idle)
    # Two tokens with 4 of 60 each meet 60 x (1 - (56 / 60)^2) = 7.73 different experts on average.
    read = mixture.parameters - 24 * (60 - 7.7333333) * 3 * 896 * 1408
    assert mixture.parameters_read(2) == pytest.approx(read)
    assert mixture.parameters_read(1000) == pytest.approx(mixture.parameters)


def test_a_token_passes_its_experts_and_the_shared_one(mixture: Shape) -> None:
    assert mixture.mlp_size == 4 * 1408 + 5632
    assert DENSE.mlp_size == 4864
