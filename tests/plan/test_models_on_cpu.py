import json
from pathlib import Path
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.plan.models import FAMILIES, KNOWN, shape_from, shape_of

# The parameter counts of the model cards' safetensors.
CARDS = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-32B": 32_763_876_352,
    "Qwen/Qwen2.5-14B-Instruct": 14_770_033_664,
    "Qwen/Qwen2.5-72B": 72_706_203_648,
    "Qwen/Qwen2.5-Math-7B": 7_615_616_512,
    "Qwen/Qwen3-0.6B": 596_049_920,
    "Qwen/Qwen3-1.7B-Base": 1_720_574_976,
    "Qwen/Qwen3-4B": 4_022_468_096,
    "Qwen/Qwen3-8B-Base": 8_190_735_360,
    "Qwen/Qwen3-14B": 14_768_307_200,
    "Qwen/Qwen3-32B": 32_762_123_264,
    "Qwen/Qwen3-30B-A3B": 30_532_122_624,
    "meta-llama/Llama-3.2-1B": 1_235_814_400,
    "meta-llama/Llama-3.2-3B-Instruct": 3_212_749_824,
    "meta-llama/Llama-3.1-8B": 8_030_261_248,
    "meta-llama/Llama-3.3-70B-Instruct": 70_553_706_496,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1_777_088_000,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": 14_770_033_664,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": 32_763_876_352,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": 8_030_261_248,
}
SIZES = {
    "vocab_size": 263,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
EXPERTS = {"num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 96}
SHARED = {"shared_expert_intermediate_size": 160}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("qwen2", {}),
    ("qwen2", {"tie_word_embeddings": True}),
    ("qwen3", {"head_dim": 64}),
    ("qwen3", {"head_dim": 64, "attention_bias": True}),
    ("llama", {}),
    ("llama", {"attention_bias": True, "mlp_bias": True}),
    ("mistral", {"head_dim": 48}),
    ("qwen2_moe", EXPERTS | SHARED),
    ("qwen2_moe", EXPERTS | SHARED | {"qkv_bias": False}),
    ("qwen3_moe", EXPERTS),
    ("qwen3_moe", EXPERTS | {"head_dim": 64, "attention_bias": True, "tie_word_embeddings": True}),
]


@pytest.mark.parametrize("name", CARDS)
def test_parameters_are_those_of_the_model_card(name: str) -> None:
    assert KNOWN[name].parameters == CARDS[name]


@pytest.mark.parametrize(("family", "changes"), CASES)
def test_a_directory_is_counted_as_transformers_counts_it(family: str, changes: dict[str, Any], tmp_path: Path) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(family, **(SIZES | changes))
    config.save_pretrained(tmp_path)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shape = shape_of(str(tmp_path))
    assert shape.parameters == sum(weight.numel() for weight in model.parameters())
    assert shape.source == str(tmp_path / "config.json")


def test_every_family_is_compared_with_transformers() -> None:
    assert {family for family, _ in CASES} == set(FAMILIES)


def test_a_published_mixture_has_the_size_of_its_name() -> None:
    """Qwen3-30B-A3B: 30.5 billion parameters, 3.3 billion active, as its model card says."""
    config = {
        "model_type": "qwen3_moe",
        "vocab_size": 151936,
        "hidden_size": 2048,
        "num_hidden_layers": 48,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "intermediate_size": 6144,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
    }
    shape = shape_from(config, "Qwen3-30B-A3B")
    assert round(shape.parameters / 1e9, 1) == 30.5
    assert shape.active_parameters == pytest.approx(3.3e9, rel=0.02)


def test_what_cannot_be_counted_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give a directory with the model's config.json"):
        shape_of("someone/a-model")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "deepseek_v3"}))
    with pytest.raises(ConfigError, match="'deepseek_v3' is not supported; the planner supports qwen2, .*_moe"):
        shape_of(str(tmp_path))


def test_a_mixture_with_dense_layers_is_refused() -> None:
    config = SIZES | EXPERTS | {"model_type": "qwen3_moe", "mlp_only_layers": [0]}
    with pytest.raises(ConfigError, match=r"mlp_only_layers=\[0\] .* mixtures in which all layers have experts"):
        shape_from(config, "config.json")
