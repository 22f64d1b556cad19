"""How the tiny models learned what they can: next-token training on fresh examples, minutes on one core.

Only `build_weights.py` and tests train; everybody else uses the weights that the package ships.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from rich.progress import track
from safetensors.torch import load_model
from torch.nn.utils.rnn import pad_sequence
from torch.optim.lr_scheduler import LambdaLR
from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

from still_verl.demo.muon import Muon
from still_verl.demo.tasks import draw_problem, question
from still_verl.demo.tiny_model import new_tiny_model, seeded
from still_verl.demo.tokenizer import character_tokenizer
from still_verl.demo.traces import write_trace

_STEPS = 450
_BATCH = 32  # examples a step
_POOL = 4  # batches drawn at once and cut by length: those of like length need little padding
_MATRIX_LR, _VECTOR_LR = 8e-3, 5e-3
_WEIGHT_DECAY = 0.01
_WARMUP, _DECAY = 0.1, 0.6  # shares of the steps at either end
_IGNORED = -100  # a label that the loss leaves out


Example = Callable[[random.Random], tuple[str, str]]  # draws a prompt and a response


def addition(rng: random.Random) -> tuple[str, str]:
    """Draw an addition of training, and write a trace of it."""
    a, b = draw_problem(rng)
    return question(a, b), write_trace(a, b, rng)


def pretrain(
    seed: int, steps: int = _STEPS, example: Example = addition, start: Path | None = None
) -> Qwen2ForCausalLM:
    """Train a tiny model; validation problems never occur.

    Args:
        seed: of all that is random.
        steps: each of 32 examples.
        example: draws what it reads.
        start: a file of weights to begin with; None begins from nothing.

    The same seed gives the same weights on the same processor. Another processor adds floats in another order: the last
    bits differ at first, and in the end the weights do as with another seed.
    """
    tokenizer = character_tokenizer()
    with seeded(seed):
        model = new_tiny_model(tokenizer)
        if start is not None:
            load_model(model, start)
        _train(model, batches(tokenizer, random.Random(seed), example), steps)
    return model


def batches(
    tokenizer: Qwen2Tokenizer, rng: random.Random, example: Example = addition
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield token ids and labels without end, both (examples, longest example).

    Labels are -100 on the prompt and on padding: the loss looks at responses only.
    """
    while True:
        pool = [_tokens(tokenizer, *example(rng)) for _ in range(_POOL * _BATCH)]
        pool.sort(key=_length)
        starts = list(range(0, len(pool), _BATCH))
        rng.shuffle(starts)
        for start in starts:
            ids, labels = zip(*pool[start : start + _BATCH], strict=True)
            yield (
                pad_sequence(list(ids), batch_first=True, padding_value=int(tokenizer.pad_token_id)),
                pad_sequence(list(labels), batch_first=True, padding_value=_IGNORED),
            )


def _tokens(tokenizer: Qwen2Tokenizer, asked: str, answered: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and labels of one example, both (tokens,)."""
    user = {"role": "user", "content": asked}
    text = tokenizer.apply_chat_template([user], tokenize=False, add_generation_prompt=True)
    prompt = tokenizer.encode(text, add_special_tokens=False)
    response = tokenizer.encode(answered + tokenizer.eos_token, add_special_tokens=False)
    return torch.tensor(prompt + response), torch.tensor([_IGNORED] * len(prompt) + response)


def _length(tokens: tuple[torch.Tensor, torch.Tensor]) -> int:
    return len(tokens[0])


def _train(model: Qwen2ForCausalLM, data: Iterator[tuple[torch.Tensor, torch.Tensor]], steps: int) -> None:
    optimizers = _optimizers(model)
    schedules = [LambdaLR(optimizer, partial(_share_of_peak, steps)) for optimizer in optimizers]
    model.train()
    for _ in track(range(steps), description="Pre-training a tiny model"):
        ids, labels = next(data)
        # No attention mask: padding is on the right, where causal attention never looks back at it.
        model(input_ids=ids, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        model.zero_grad()
    model.eval()


def _optimizers(model: Qwen2ForCausalLM) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Return Muon for the matrices, which needs half the steps of AdamW here, and AdamW for all other weights."""
    matrices, others = [], []
    for name, weight in model.named_parameters():
        if weight.ndim == 2 and "embed" not in name:
            matrices.append(weight)
        else:  # embeddings, norms and biases
            others.append(weight)
    return (
        Muon(matrices, lr=_MATRIX_LR, weight_decay=_WEIGHT_DECAY),
        torch.optim.AdamW(others, lr=_VECTOR_LR, betas=(0.9, 0.98), weight_decay=_WEIGHT_DECAY),
    )


def _share_of_peak(steps: int, step: int) -> float:
    """Return the learning rate at `step` as a share of its peak: up, flat, down."""
    progress = step / steps
    return min(1.0, progress / _WARMUP + 0.02, max(1.0 - progress, 0.0) / _DECAY)
