"""What several tests of the demo models need: a model's answers, and how many are right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from still_verl.demo.tiny_model import seeded


@dataclass(frozen=True)
class Answers:
    """What a model said to each problem of a file.

    Attributes:
        texts: the responses.
        correct: whether the last box of each holds the ground truth.
        prompt_tokens, response_tokens: the longest, the end token included.
    """

    texts: Sequence[str]
    correct: Sequence[bool]
    prompt_tokens: int
    response_tokens: int

    @property
    def accuracy(self) -> float:
        return sum(self.correct) / len(self.correct)


@pytest.fixture(scope="session")
def answer() -> Callable[..., Answers]:
    """Let a model answer each problem of a parquet file once; greedy at temperature 0."""
    import pyarrow.parquet as pq
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    def ask(model: Path, problems: Path, temperature: float, seed: int = 0, max_tokens: int = 160) -> Answers:
        rows = pq.read_table(problems).to_pylist()
        tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
        network: Any = AutoModelForCausalLM.from_pretrained(model)
        asked = [
            tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True) for row in rows
        ]
        batch = tokenizer(asked, padding=True, add_special_tokens=False, return_tensors="pt")
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
        # On one thread, as `seeded` sees to: two wait for each other, on a busy machine 100 times as long as they work.
        with seeded(seed), torch.inference_mode():
            output = network.generate(**batch, max_new_tokens=max_tokens, **sampling)
        prompt_length = batch["input_ids"].shape[1]
        texts = tokenizer.batch_decode(output[:, prompt_length:], skip_special_tokens=True)
        boxes = [text.rpartition("\\boxed{")[2].partition("}")[0].strip() for text in texts]
        correct = [box == row["reward_model"]["ground_truth"] for box, row in zip(boxes, rows, strict=True)]
        return Answers(texts, correct, prompt_length, output.shape[1] - prompt_length)

    return ask


@pytest.fixture(scope="session")
def insist_on_ability(answer: Callable[..., Answers]) -> Callable[[Path, Path, float], None]:
    """Insist that a model can add (a share right when greedy) but seldom does; print the figures, for `pytest -s`.

    The demo rests on both: what greedy decoding gets right is there to be drawn out, and what sampling gets wrong is
    there to be gained.
    """

    def insist(model: Path, problems: Path, share: float) -> None:
        greedy = answer(model, problems, temperature=0.0).accuracy
        sampled = [answer(model, problems, temperature=1.0, seed=seed).accuracy for seed in range(3)]
        print(f"\nright: greedy {greedy:.3f}, sampled at temperature 1 {', '.join(f'{each:.3f}' for each in sampled)}")
        assert greedy >= share
        assert all(0.2 <= each <= 0.4 for each in sampled)

    return insist
