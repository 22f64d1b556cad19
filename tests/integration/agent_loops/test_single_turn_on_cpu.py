from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessor
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop

from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.releases import usable_model_type
from still_verl.interpreter.finish_reason import finish_reason, stop_token_ids


@pytest.fixture
def deepseek_like(tmp_path: Path) -> PreTrainedTokenizerFast:
    """Role tokens as DeepSeek-R1-Distill-Qwen has them: model type qwen2 without `<|im_end|>`."""
    special = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"]
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*special, "?", "2", "+"])}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token=special[0], eos_token=special[1], additional_special_tokens=special[2:]
    )
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}<｜User｜>{{ m.content }}"
        "{% else %}<｜Assistant｜>{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<｜Assistant｜>{% endif %}"
    )
    tokenizer.save_pretrained(tmp_path)
    return PreTrainedTokenizerFast.from_pretrained(tmp_path)


def test_a_tokenizer_that_stock_verl_refuses_is_usable(deepseek_like: PreTrainedTokenizerFast) -> None:
    from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

    with pytest.raises(ValueError, match="im_end"):
        create_continuous_token_builder(deepseek_like, hf_model_type="qwen2")
    model_type = usable_model_type(deepseek_like, "qwen2")
    builder = create_continuous_token_builder(deepseek_like, hf_model_type=model_type)
    prompt = builder.build_initial_tokens([{"role": "user", "content": "2+2"}])
    assert deepseek_like.decode(prompt).replace(" ", "") == "<｜begin▁of▁sentence｜><｜User｜>2+2<｜Assistant｜>"


def test_a_family_that_fits_keeps_its_own_builder(deepseek_like: PreTrainedTokenizerFast) -> None:
    deepseek_like.add_special_tokens({"additional_special_tokens": ["<|im_end|>", "<|im_start|>"]})
    assert usable_model_type(deepseek_like, "qwen2") == "qwen2"


class VisionProcessor:
    """What verl looks at of the processor of a vision model."""

    def __init__(self) -> None:
        self.image_processor = Qwen2VLImageProcessor()


@pytest.fixture
def vision() -> VisionProcessor:
    return VisionProcessor()


@pytest.mark.parametrize("model_type", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5", "glm4v"])
def test_a_vision_model_gets_the_builder_that_stock_verl_gives_it(
    deepseek_like: PreTrainedTokenizerFast, vision: Any, model_type: str
) -> None:
    from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

    roles = ["<|im_end|>", "<|im_start|>", "<|user|>", "<|assistant|>", "<|observation|>", "<|system|>", "\n"]
    deepseek_like.add_special_tokens({"additional_special_tokens": roles})
    stock = create_continuous_token_builder(deepseek_like, hf_model_type=model_type, processor=vision)
    found = usable_model_type(deepseek_like, model_type, vision)
    ours = create_continuous_token_builder(deepseek_like, hf_model_type=found, processor=vision)
    assert type(ours) is type(stock) and type(ours).__name__ != "VLContinuousTokenBuilder"


def test_a_vision_model_without_its_familys_tokens_gets_the_generic_vision_builder(
    deepseek_like: PreTrainedTokenizerFast, vision: Any
) -> None:
    assert usable_model_type(deepseek_like, "qwen2_5_vl", vision) is None


@pytest.mark.parametrize("model_type", ["qwen2_5_vl", "glm4v"])
def test_a_vision_model_without_its_processor_is_refused_as_by_stock_verl(
    deepseek_like: PreTrainedTokenizerFast, model_type: str
) -> None:
    """The generic builder for text would drop its images without a word."""
    with pytest.raises(ValueError, match="requires a processor, but none was provided"):
        usable_model_type(deepseek_like, model_type)


def test_the_agent_loop_asks_with_its_processor(
    deepseek_like: PreTrainedTokenizerFast, vision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(SingleTurnAgentLoop, "__init__", lambda self, **kwargs: asked.append(kwargs["hf_model_type"]))
    deepseek_like.add_special_tokens({"additional_special_tokens": ["<|im_end|>", "<|im_start|>", "\n"]})
    SingleTurn(tokenizer=deepseek_like, processor=vision, hf_model_type="qwen2_5_vl")
    assert asked == ["qwen2_5_vl"]


def test_stop_tokens_come_from_tokenizer_and_generation_config(
    deepseek_like: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [5, 6]}')
    reloaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert stop_token_ids(reloaded) == {reloaded.eos_token_id, 5, 6}


def test_stop_tokens_of_a_model_without_a_generation_config_are_in_its_config(
    deepseek_like: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """vLLM looks there, too."""
    (tmp_path / "config.json").write_text('{"model_type": "qwen2", "eos_token_id": 6}')
    assert stop_token_ids(PreTrainedTokenizerFast.from_pretrained(tmp_path)) == {deepseek_like.eos_token_id, 6}


def test_stop_tokens_without_a_generation_config(deepseek_like: PreTrainedTokenizerFast) -> None:
    assert stop_token_ids(deepseek_like) == {deepseek_like.eos_token_id}


@pytest.mark.parametrize(
    ("response", "reason"),
    [([7, 7, 1], "stop"), ([7, 7, 7, 1], "stop"), ([7, 7, 7, 7], "length"), ([7, 7], "stop"), ([], "stop")],
    ids=["ends early", "ends exactly at the budget", "cut", "ended by a stop string", "empty"],
)
def test_finish_reason(response: list[int], reason: str) -> None:
    assert finish_reason(response, budget=4, stop_ids=frozenset({1})) == reason
