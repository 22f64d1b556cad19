from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from still_verl.integration.agent_loops.single_turn import usable_model_type
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


def test_stop_tokens_come_from_tokenizer_and_generation_config(
    deepseek_like: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [5, 6]}')
    reloaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert stop_token_ids(reloaded) == {reloaded.eos_token_id, 5, 6}


def test_stop_tokens_without_a_generation_config(deepseek_like: PreTrainedTokenizerFast) -> None:
    assert stop_token_ids(deepseek_like) == {deepseek_like.eos_token_id}


@pytest.mark.parametrize(
    ("response", "reason"),
    [([7, 7, 1], "stop"), ([7, 7, 7, 1], "stop"), ([7, 7, 7, 7], "length"), ([7, 7], "stop"), ([], "stop")],
    ids=["ends early", "ends exactly at the budget", "cut", "ended by a stop string", "empty"],
)
def test_finish_reason(response: list[int], reason: str) -> None:
    assert finish_reason(response, budget=4, stop_ids=frozenset({1})) == reason
