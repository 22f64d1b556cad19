"""The character tokenizer survives saving, and loses no character."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from still_verl.demo.prepare import prepare
from still_verl.demo.tokenizer import character_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As a model directory gives it, config.json included, for that is what AutoTokenizer looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return AutoTokenizer.from_pretrained(prepare("random").model)


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{1432}",
        "<think>\n7+5=11\nWait, 7+5=12\n</think>\n\\boxed{432}",
        "  two  spaces , and punctuation !\"#$%&'()*+-./:;<=>?@[]^_`{|}~",
        "47+385=?",
        "tabs\tand\r\nümlauts, ∑ and 🙂, it's 12345",
    ],
)
def test_text_comes_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.pad_token_id not in ids
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_every_character_is_one_token_and_so_is_a_tag(tokenizer: Any) -> None:
    assert tokenizer.tokenize(r"\boxed{1}") == list(r"\boxed{1}")
    assert tokenizer.tokenize("<think>a</think>") == ["<think>", "a", "</think>"]
    assert len(tokenizer.encode("7+5=12, carry 1.\nWait", add_special_tokens=False)) == 21


def test_the_chat_template_marks_the_turns(tokenizer: Any) -> None:
    turns = [{"role": "user", "content": "1+2=?"}, {"role": "assistant", "content": "3"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == "<|user|>1+2=?<|assistant|>3<|end|>"
    asked = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert asked == "<|user|>1+2=?<|assistant|>"
    ids = tokenizer.encode(asked, add_special_tokens=False)
    assert len(ids) == 7
    assert tokenizer.decode(ids, skip_special_tokens=True) == "1+2=?"


def test_saving_changes_nothing(tokenizer: Any, tmp_path: Path) -> None:
    fresh = character_tokenizer()
    assert tokenizer.get_vocab() == fresh.get_vocab() and len(tokenizer) == len(fresh) == 262
    assert type(tokenizer) is type(fresh)
    assert (tokenizer.eos_token, tokenizer.pad_token) == (fresh.eos_token, fresh.pad_token) == ("<|end|>", "<|pad|>")
    assert tokenizer.padding_side == "left"
