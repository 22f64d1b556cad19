"""Models small enough for a laptop: one that can almost add, and untrained ones for fast tests."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.progress import track
from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer
from transformers.utils.logging import disable_progress_bar

from still_verl.demo.cache import ensure
from still_verl.demo.tasks import draw_problem, question
from still_verl.demo.tokenizer import MAX_LENGTH, character_tokenizer
from still_verl.demo.traces import write_trace

_STEPS = 450
_BATCH = 32  # traces a step
_POOL = 4  # batches drawn at once and cut by length: traces of like length need little padding
_MATRIX_LR, _VECTOR_LR = 8e-3, 5e-3
_WARMUP, _DECAY = 0.1, 0.6  # shares of the steps at either end
# Fixed: another number adds floats in another order and gives other weights. One is also fastest: a batch is so small
# that two threads mostly wait for each other, and on a busy machine for several times as long.
_THREADS = 1


def build_tiny_model(directory: Path, seed: int = 0) -> Path:
    """A model of 0.8M parameters that adds right when greedy and mostly wrong when sampled at temperature 1.

    Pre-trains for one to two minutes on one core, or reuses `directory` when it is complete and of the same seed. The
    same seed gives the same weights on the same machine.
    """
    return _build_tiny(directory, seed, _STEPS)


def build_random_model(directory: Path, seed: int = 0, tied: bool = True) -> Path:
    """An untrained model of two layers with the tiny model's tokenizer; `tied`: lm_head is the embedding."""

    def fill(folder: Path) -> None:
        with _seeded(seed):
            tokenizer = character_tokenizer()
            _save(folder, _new_model(tokenizer, hidden=64, layers=2, heads=2, kv_heads=1, tied=tied), tokenizer)

    return ensure(directory, f"random 3 seed={seed} tied={tied}", fill)


def _build_tiny(directory: Path, seed: int, steps: int) -> Path:
    def fill(folder: Path) -> None:
        with _seeded(seed):
            tokenizer = character_tokenizer()
            model = _new_model(tokenizer, hidden=128, layers=4, heads=4, kv_heads=2, tied=True)
            _pretrain(model, tokenizer, random.Random(seed), steps)
            _save(folder, model, tokenizer)

    return ensure(directory, f"tiny 4 seed={seed} steps={steps}", fill)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Everything random follows from `seed`; the caller's generator and thread count come back afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(_THREADS)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _new_model(
    tokenizer: Qwen2Tokenizer, hidden: int, layers: int, heads: int, kv_heads: int, tied: bool
) -> Qwen2ForCausalLM:
    """Random fp32 weights. Heads have 32 dimensions, the least that vLLM's CPU attention takes."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=tied,
        initializer_range=0.04,  # 0.02 is meant for wide models
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
    )
    return Qwen2ForCausalLM(config)


def _save(folder: Path, model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer) -> None:
    model.generation_config = GenerationConfig(
        do_sample=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    disable_progress_bar()  # of one small file, in the middle of our own
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _pretrain(model: Qwen2ForCausalLM, tokenizer: Qwen2Tokenizer, rng: random.Random, steps: int) -> None:
    """Next-token training on fresh traces; validation problems never occur."""
    optimizers = _optimizers(model)
    schedules = [torch.optim.lr_scheduler.LambdaLR(each, lambda step: _warmth(step / steps)) for each in optimizers]
    batches = _batches(tokenizer, rng)
    model.train()
    for _ in track(range(steps), description="Pre-training the tiny model"):
        ids, labels = next(batches)
        # No attention mask: padding is on the right, where causal attention never looks back at it.
        model(input_ids=ids, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        model.zero_grad()
    model.eval()


def _optimizers(model: Qwen2ForCausalLM) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the matrices, which needs half the steps of AdamW here, and AdamW for embeddings, norms and biases."""
    hidden = {name for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name}
    matrices = [weight for name, weight in model.named_parameters() if name in hidden]
    others = [weight for name, weight in model.named_parameters() if name not in hidden]
    return (
        torch.optim.Muon(matrices, lr=_MATRIX_LR, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=_VECTOR_LR, betas=(0.9, 0.98), weight_decay=0.01),
    )


def _warmth(progress: float) -> float:
    """Share of the peak learning rate at `progress` 0..1: up, flat, down."""
    return min(1.0, progress / _WARMUP + 0.02, max(1.0 - progress, 0.0) / _DECAY)


def _batches(tokenizer: Qwen2Tokenizer, rng: random.Random) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Token ids and labels without end, both (traces, longest trace); labels are -100 on the prompt and on padding."""
    pad = torch.nn.utils.rnn.pad_sequence
    while True:
        pool = sorted((_example(tokenizer, rng) for _ in range(_POOL * _BATCH)), key=lambda pair: len(pair[0]))
        cuts = list(range(0, len(pool), _BATCH))
        rng.shuffle(cuts)
        for start in cuts:
            cut = pool[start : start + _BATCH]
            yield (
                pad([ids for ids, _ in cut], batch_first=True, padding_value=int(tokenizer.pad_token_id)),
                pad([labels for _, labels in cut], batch_first=True, padding_value=-100),
            )


def _example(tokenizer: Qwen2Tokenizer, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels of one trace, both (tokens,)."""
    a, b = draw_problem(rng)
    user = {"role": "user", "content": question(a, b)}
    text = tokenizer.apply_chat_template([user], tokenize=False, add_generation_prompt=True)
    prompt = tokenizer.encode(text, add_special_tokens=False)
    response = tokenizer.encode(write_trace(a, b, rng) + tokenizer.eos_token, add_special_tokens=False)
    return torch.tensor(prompt + response), torch.tensor([-100] * len(prompt) + response)
