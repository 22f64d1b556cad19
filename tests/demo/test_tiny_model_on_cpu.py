"""The small models: loadable, as large as they claim, and the shipped one able to add."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from still_verl.demo.cache import MANIFEST, sha256
from still_verl.demo.files import SKILLS, TINY, TRAIN_FILE, VAL_FILE, Weights
from still_verl.demo.prepare import prepare
from still_verl.demo.tasks import write_addition
from still_verl.demo.tiny_model import build_random_model, build_tiny_model
from still_verl.demo.tokenizer import character_tokenizer


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny") / "model", TINY)


@pytest.mark.parametrize("weights", [TINY, SKILLS])
def test_the_shipped_weights_are_those_that_the_code_names(weights: Weights) -> None:
    assert sha256(weights.file) == weights.sha256


def test_the_tiny_model_is_a_tied_qwen2_that_vllm_can_run(tiny: Path) -> None:
    config: Any = AutoConfig.from_pretrained(tiny)
    assert config.architectures == ["Qwen2ForCausalLM"] and config.tie_word_embeddings
    assert config.hidden_size // config.num_attention_heads == 32
    model: Any = AutoModelForCausalLM.from_pretrained(tiny)
    assert model.dtype == torch.float32
    assert 750_000 < sum(weight.numel() for weight in model.parameters()) < 900_000
    assert model.generation_config.eos_token_id == character_tokenizer().eos_token_id


def test_the_tiny_model_can_add_but_seldom_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, insist_on_ability: Callable[[Path, Path, float], None]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = prepare("tiny")
    insist_on_ability(built.model, built.val, 0.9)


def test_building_leaves_the_random_numbers_of_the_caller_alone(tmp_path: Path) -> None:
    torch.manual_seed(1234)
    expected = torch.rand(3, generator=torch.Generator().manual_seed(1234))
    build_tiny_model(tmp_path / "tiny", TINY)
    build_random_model(tmp_path / "random")
    assert torch.equal(torch.rand(3), expected)


def test_a_finished_model_is_reused_and_a_damaged_one_rebuilt(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = (tiny / "model.safetensors").stat().st_mtime_ns
    build_tiny_model(tiny, TINY)
    assert (tiny / "model.safetensors").stat().st_mtime_ns == before
    whole = (tiny / "model.safetensors").read_bytes()
    (tiny / "model.safetensors").write_bytes(whole[:-100])
    build_tiny_model(tiny, TINY)
    assert (tiny / "model.safetensors").read_bytes() == whole
    assert "model.safetensors is wrong" in caplog.text and (tiny / MANIFEST).is_file()


def test_damaged_weights_in_the_package_say_what_to_do(tmp_path: Path) -> None:
    damaged = tmp_path / "tiny.safetensors"
    damaged.write_bytes(TINY.file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="tiny.safetensors is damaged .*: install still-verl again"):
        build_tiny_model(tmp_path / "model", Weights(damaged, TINY.sha256))
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("tied", [True, False])
def test_random_models_answer_something(tmp_path: Path, tied: bool, answer: Callable[..., Any]) -> None:
    folder = build_random_model(tmp_path / "model", tied=tied)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == tied
    assert model.config.hidden_size // model.config.num_attention_heads == 32
    write_addition(tmp_path, train=4, val=4)
    found = answer(folder, tmp_path / VAL_FILE, temperature=1.0, max_tokens=8)
    assert len(found.texts) == 4 and found.prompt_tokens <= 11 and found.response_tokens <= 8
    assert (tmp_path / TRAIN_FILE).is_file()
