import json
from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.plan.shape import KNOWN, shape_of

# The parameter counts of the model cards' safetensors.
CARDS = {
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-1.5B": 1_543_714_304,
    "Qwen/Qwen2.5-3B": 3_085_938_688,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen2.5-32B": 32_763_876_352,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1_777_088_000,
}


@pytest.mark.parametrize("name", CARDS)
def test_parameters_are_those_of_the_model_card(name: str) -> None:
    assert KNOWN[name].parameters == CARDS[name]


def test_a_directory_is_counted_as_transformers_counts_it(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config, Qwen3Config

    sizes = {"vocab_size": 263, "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    for config in (Qwen2Config(**sizes, **heads), Qwen3Config(**sizes, **heads, head_dim=64)):
        config.save_pretrained(tmp_path)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
        shape = shape_of(str(tmp_path))
        assert shape.parameters == sum(weight.numel() for weight in model.parameters())
        assert shape.source == str(tmp_path / "config.json")


def test_the_cache_of_a_token_is_two_vectors_a_layer() -> None:
    # 7B: 2 x 28 layers x 4 heads x 128 numbers; 32B: 2 x 64 x 8 x 128; two bytes each.
    assert 2 * KNOWN["Qwen/Qwen2.5-7B"].kv_elements == 57_344
    assert 2 * KNOWN["Qwen/Qwen2.5-32B"].kv_elements == 262_144


def test_operations_are_verls() -> None:
    from transformers import Qwen2Config
    from verl.utils.flops_counter import _estimate_qwen2_flops

    shape = KNOWN["Qwen/Qwen2.5-7B"]
    config = Qwen2Config(
        vocab_size=shape.vocab,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.intermediate,
    )
    lengths = [1000, 3000]
    theirs = _estimate_qwen2_flops(config, sum(lengths), lengths, 1.0) * 1e12
    ours = 3 * shape.forward_flops(sum(lengths), sum(length**2 for length in lengths))
    # verl counts the embedding as if it were multiplied with; it is looked up.
    assert ours == pytest.approx(theirs - 6 * shape.vocab * shape.hidden * sum(lengths))


def test_what_cannot_be_counted_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give a directory with the model's config.json"):
        shape_of("someone/a-model")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_moe"}))
    with pytest.raises(ConfigError, match="model_type='qwen3_moe' is not counted"):
        shape_of(str(tmp_path))
