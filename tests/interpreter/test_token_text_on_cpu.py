"""Text of tokens as they come, and tokens of a program's output."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from still_verl.demo.prepare import prepare
from still_verl.demo.tokenizer import character_tokenizer
from still_verl.interpreter.token_text import PlainTokens, TokenText


def with_blanks_as_marks(*first: Any) -> PreTrainedTokenizerFast:
    """As Llama 2's: a blank is a sign, and the first one of a text is dropped. `first` is done to a text before."""
    words = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    words += [chr(code) for code in range(33, 127)]
    model = models.BPE({word: index for index, word in enumerate(words)}, [], unk_token="<unk>", byte_fallback=True)
    built = Tokenizer(model)
    built.normalizer = normalizers.Sequence([*first, normalizers.Replace(" ", "▁")])
    readable = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    built.decoder = decoders.Sequence(readable)
    built.add_special_tokens([AddedToken("</s>", special=True, normalized=False)])
    built.add_tokens([AddedToken("</think>", normalized=bool(first))])
    return PreTrainedTokenizerFast(tokenizer_object=built, eos_token="</s>", unk_token="<unk>")


TOKENIZERS = {
    "bytes": character_tokenizer,
    "merged bytes": lambda: AutoTokenizer.from_pretrained(prepare("smollm2").model),
    "blanks as marks": with_blanks_as_marks,
}


@pytest.fixture(scope="module", params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return TOKENIZERS[request.param]()


NAMES = ["<|im_end|>", "<|end|>", "</s>", "</think>", "<think>", "<|user|>"]
TEXT = st.lists(st.sampled_from([*NAMES, "<", "|", "a b", "  ", "\n", "é日", "🎉", "end|>", "/s>"]), max_size=12)


@given(TEXT.map("".join))
def test_no_token_of_an_output_is_a_control_token(tokenizer: Any, text: str) -> None:
    plain = PlainTokens(tokenizer)
    ids = plain.encode(text)
    assert plain.ids.isdisjoint(ids)
    assert tokenizer.decode(ids).strip() == text.strip()


def test_a_name_that_the_tokenizer_only_makes_is_no_control_token_either() -> None:
    """This one normalizes what it reads before it looks for its tokens."""
    plain = PlainTokens(with_blanks_as_marks(normalizers.NFKC()))
    ids = plain.encode("a＜/think＞b")
    assert plain.ids.isdisjoint(ids) and len(ids) > 2


@given(TEXT.map("".join), st.integers(1, 5))
def test_text_comes_as_its_tokens_do(tokenizer: Any, text: str, size: int) -> None:
    before = tokenizer.encode("x\n", add_special_tokens=False)
    ids = tokenizer.encode(text, add_special_tokens=False)
    reader = TokenText(tokenizer, before)
    got = "".join(reader.add(ids[start : start + size]) for start in range(0, len(ids), size))
    assert got == tokenizer.decode(before + ids)[len(tokenizer.decode(before)) :]


def test_the_blanks_at_the_beginning_of_a_turn_are_kept(tokenizer: Any) -> None:
    """A tokenizer that drops the first blank of a text would spoil the indentation of code."""
    reader = TokenText(tokenizer, tokenizer.encode("x\n", add_special_tokens=False))
    assert reader.add(tokenizer.encode("    x", add_special_tokens=False)) == "    x"


def test_long_texts_are_read_in_pieces(tokenizer: Any) -> None:
    text = "a é日🎉 b\n" * 200
    ids = tokenizer.encode(text, add_special_tokens=False)
    reader = TokenText(tokenizer, tokenizer.encode("x\n", add_special_tokens=False))
    assert "".join(reader.add([token]) for token in ids) == text
