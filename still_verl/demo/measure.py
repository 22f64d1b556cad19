"""How often a lab's model is right on its validation problems: `python -m still_verl.demo.measure tiny`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.demo.prepare import prepare

_EXAMPLES_SHOWN = 2


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


def answer(model: Path, problems: Path, temperature: float, seed: int = 0, max_tokens: int = 160) -> Answers:
    """One response to each problem of a parquet file; greedy at temperature 0."""
    import pyarrow.parquet as pq
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

    rows = pq.read_table(problems).to_pylist()
    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")
    network: Any = AutoModelForCausalLM.from_pretrained(model)
    asked = [tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True) for row in rows]
    batch = tokenizer(asked, padding=True, add_special_tokens=False, return_tensors="pt")
    set_seed(seed)
    sampling = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
    with torch.inference_mode():
        output = network.generate(**batch, max_new_tokens=max_tokens, **sampling)
    prompt_length = batch["input_ids"].shape[1]
    texts = tokenizer.batch_decode(output[:, prompt_length:], skip_special_tokens=True)
    correct = [_boxed(text) == row["reward_model"]["ground_truth"] for text, row in zip(texts, rows, strict=True)]
    return Answers(texts, correct, prompt_length, output.shape[1] - prompt_length)


def _boxed(text: str) -> str:
    return text.rpartition("\\boxed{")[2].partition("}")[0].strip()


def main(name: str) -> None:
    """Print the greedy accuracy, three sampled ones, and a few responses."""
    lab = prepare(name)
    for label, temperature, seed in [("greedy", 0.0, 0), *((f"T=1 seed {seed}", 1.0, seed) for seed in range(3))]:
        found = answer(lab.model, lab.val, temperature, seed)
        print(
            f"{label:12} accuracy {found.accuracy:.3f} of {len(found.texts)},"
            f" longest prompt {found.prompt_tokens}, longest response {found.response_tokens} tokens"
        )
    print(*found.texts[:_EXAMPLES_SHOWN], sep="\n---\n")


if __name__ == "__main__":
    main(sys.argv[1])
