"""Models small enough for a laptop: one that can almost add, and untrained ones for fast tests.

torch and transformers are imported where something is built: a model that is in the cache costs no import.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from still_verl.demo.cache import ensure, sha256
from still_verl.demo.files import Weights
from still_verl.demo.tokenizer import MAX_LENGTH, character_tokenizer

if TYPE_CHECKING:
    from transformers import Qwen2ForCausalLM, Qwen2Tokenizer

# Fixed: another number adds floats in another order and gives other weights. One is also fastest: a batch is so small
# that two threads mostly wait for each other, and on a busy machine for several times as long.
_THREADS = 1


def build_tiny_model(directory: Path, weights: Weights) -> Path:
    """Write a model of 0.8M parameters with weights that this package ships: nothing is trained.

    Reuses `directory` when it is complete.

    Raises:
        ValueError: the package's file of weights is not the one that was shipped.
    """
    recipe = f"{weights.file.stem} 5 sha256={weights.sha256}"
    return ensure(directory, recipe, partial(_write_tiny_model, weights))


def build_random_model(directory: Path, seed: int = 0, tied: bool = True) -> Path:
    """Write an untrained model of two layers with the tiny model's tokenizer; `tied`: lm_head is the embedding."""

    def fill(folder: Path) -> None:
        tokenizer = character_tokenizer()
        with seeded(seed):
            model = _new_model(tokenizer, hidden=64, layers=2, heads=2, kv_heads=1, tied=tied)
        _save(folder, model, tokenizer)

    return ensure(directory, f"random 3 seed={seed} tied={tied}", fill)


def new_tiny_model(tokenizer: "Qwen2Tokenizer") -> "Qwen2ForCausalLM":
    """Return the tiny model before it has learned anything."""
    return _new_model(tokenizer, hidden=128, layers=4, heads=4, kv_heads=2, tied=True)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make all that is random in torch follow from `seed`, on one thread; what the caller had comes back afterwards."""
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(_THREADS)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _write_tiny_model(weights: Weights, folder: Path) -> None:
    from safetensors.torch import load_model

    found = sha256(weights.file)
    if found != weights.sha256:
        wanted = f"expected '{weights.sha256}'"
        raise ValueError(f"{weights.file} is damaged (sha256 '{found}', {wanted}): install still-verl again")
    tokenizer = character_tokenizer()
    with seeded(0):  # the initial values are overwritten, but drawing them must not change the caller's random numbers
        model = new_tiny_model(tokenizer)
    load_model(model, weights.file)
    _save(folder, model, tokenizer)


def _new_model(
    tokenizer: "Qwen2Tokenizer", hidden: int, layers: int, heads: int, kv_heads: int, tied: bool
) -> "Qwen2ForCausalLM":
    """Draw fp32 weights. Heads have 32 dimensions, the least that vLLM's CPU attention takes."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

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


def _save(folder: Path, model: "Qwen2ForCausalLM", tokenizer: "Qwen2Tokenizer") -> None:
    from transformers import GenerationConfig
    from transformers.utils.logging import disable_progress_bar

    model.generation_config = GenerationConfig(
        do_sample=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    disable_progress_bar()  # of one small file, in the middle of our own
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
