"""The small models: deterministic, loadable, and as large as they claim."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from still_verl.demo.cache import MANIFEST
from still_verl.demo.files import TRAIN_FILE, VAL_FILE
from still_verl.demo.measure import answer
from still_verl.demo.tasks import write_addition
from still_verl.demo.tiny_model import _batches, _build_tiny, build_random_model
from still_verl.demo.tokenizer import character_tokenizer


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build_tiny(tmp_path_factory.mktemp("tiny") / "model", seed=0, steps=2)


def test_pre_training_is_deterministic(tiny: Path, tmp_path: Path) -> None:
    torch.manual_seed(1234)
    expected = torch.rand(3, generator=torch.Generator().manual_seed(1234))
    again = _build_tiny(tmp_path / "again", seed=0, steps=2)
    other = _build_tiny(tmp_path / "other", seed=1, steps=2)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (tiny, again, other)]
    assert weights[0] == weights[1] != weights[2]
    assert torch.equal(torch.rand(3), expected), "the caller's random numbers must not change"


def test_the_tiny_model_is_a_tied_qwen2_that_vllm_can_run(tiny: Path) -> None:
    config: Any = AutoConfig.from_pretrained(tiny)
    assert config.architectures == ["Qwen2ForCausalLM"] and config.tie_word_embeddings
    assert config.hidden_size // config.num_attention_heads == 32
    model: Any = AutoModelForCausalLM.from_pretrained(tiny)
    assert model.dtype == torch.float32
    assert 750_000 < sum(weight.numel() for weight in model.parameters()) < 900_000
    assert model.generation_config.eos_token_id == character_tokenizer().eos_token_id


def test_a_finished_model_is_reused_and_a_damaged_one_rebuilt(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = (tiny / "model.safetensors").stat().st_mtime_ns
    _build_tiny(tiny, seed=0, steps=2)
    assert (tiny / "model.safetensors").stat().st_mtime_ns == before
    whole = (tiny / "model.safetensors").read_bytes()
    (tiny / "model.safetensors").write_bytes(whole[:-100])
    _build_tiny(tiny, seed=0, steps=2)
    assert (tiny / "model.safetensors").read_bytes() == whole
    assert "model.safetensors is wrong" in caplog.text and (tiny / MANIFEST).is_file()


def test_the_loss_looks_at_responses_only() -> None:
    import random

    tokenizer = character_tokenizer()
    ids, labels = next(_batches(tokenizer, random.Random(0)))
    assert ids.shape == labels.shape
    for row, targets in zip(ids, labels, strict=True):
        text = tokenizer.decode(row[targets != -100])
        assert text.startswith("<think>") and text.endswith("}<|end|>")
        prompt = tokenizer.decode(row[: int((targets != -100).nonzero()[0])])
        assert prompt.startswith("<|user|>") and prompt.endswith("=?<|assistant|>")


@pytest.mark.parametrize("tied", [True, False])
def test_random_models_answer_something(tmp_path: Path, tied: bool) -> None:
    folder = build_random_model(tmp_path / "model", tied=tied)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == tied
    assert model.config.hidden_size // model.config.num_attention_heads == 32
    write_addition(tmp_path, train=4, val=4)
    found = answer(folder, tmp_path / VAL_FILE, temperature=1.0, max_tokens=8)
    assert len(found.texts) == 4 and found.prompt_tokens <= 11 and found.response_tokens <= 8
    assert (tmp_path / TRAIN_FILE).is_file()
