"""The shape of a dense decoder model, and what follows from it: parameters, bytes, operations."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError

FAMILIES = ("qwen2", "qwen3", "llama", "mistral")  # dense, gated MLP, RMSNorm; what the formulas below count


@dataclass(frozen=True)
class Shape:
    """Sizes of a model, named as in its config.json, which `source` names."""

    source: str
    vocab: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    tied: bool
    head_dim: int = 0
    qkv_bias: bool = True
    qk_norm: bool = False

    @property
    def query_size(self) -> int:
        return self.heads * (self.head_dim or self.hidden // self.heads)

    @property
    def kv_size(self) -> int:
        """Of the keys of a token in one layer; the values have as many."""
        return self.kv_heads * (self.head_dim or self.hidden // self.heads)

    @property
    def layer_matrices(self) -> int:
        """Parameters that a token is multiplied with in one layer."""
        return self.hidden * (2 * self.query_size + 2 * self.kv_size) + 3 * self.hidden * self.intermediate

    @property
    def layer_parameters(self) -> int:
        biases = self.query_size + 2 * self.kv_size if self.qkv_bias else 0
        norms = 2 * self.hidden + (2 * self.query_size // self.heads if self.qk_norm else 0)
        return self.layer_matrices + biases + norms

    @property
    def embeddings(self) -> int:
        """Parameters of the embedding and, unless it is the same matrix, of the output layer."""
        return self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        return self.layers * self.layer_parameters + self.embeddings + self.hidden

    @property
    def kv_elements(self) -> int:
        """Numbers that the KV cache keeps of a token: a key and a value in each layer."""
        return 2 * self.layers * self.kv_size

    def forward_flops(self, tokens: float, squares: float) -> float:
        """Of a forward pass over sequences of `tokens` in all and `squares` in the sum of squared lengths.

        2 for each weight and token; attention as verl counts it for its `perf/mfu` (causal: half of 4 x length^2).
        """
        matrices = self.layers * self.layer_matrices + self.vocab * self.hidden
        return 2 * matrices * tokens + 2 * self.layers * self.query_size * squares


def _qwen2(name: str, sizes: tuple[int, int, int, int, int, int], tied: bool) -> Shape:
    vocab, hidden, layers, heads, kv_heads, intermediate = sizes
    return Shape(f"{name}/config.json on the model hub", vocab, hidden, layers, heads, kv_heads, intermediate, tied)


# vocab, hidden, layers, heads, kv_heads, intermediate: the models' config.json.
KNOWN = {
    name: _qwen2(name, sizes, tied)
    for name, sizes, tied in (
        ("Qwen/Qwen2.5-0.5B", (151936, 896, 24, 14, 2, 4864), True),
        ("Qwen/Qwen2.5-1.5B", (151936, 1536, 28, 12, 2, 8960), True),
        ("Qwen/Qwen2.5-3B", (151936, 2048, 36, 16, 2, 11008), True),
        ("Qwen/Qwen2.5-7B", (152064, 3584, 28, 28, 4, 18944), False),
        ("Qwen/Qwen2.5-7B-Instruct", (152064, 3584, 28, 28, 4, 18944), False),
        ("Qwen/Qwen2.5-Math-7B", (152064, 3584, 28, 28, 4, 18944), False),
        ("Qwen/Qwen2.5-32B", (152064, 5120, 64, 40, 8, 27648), False),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", (151936, 1536, 28, 12, 2, 8960), False),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", (152064, 3584, 28, 28, 4, 18944), False),
    )
}


def shape_of(path: str) -> Shape:
    """Of the model at `path`: its config.json when that is a directory here, else the table of the study's backbones.

    Raises:
        ConfigError: neither, or a kind of model that the formulas do not count (a mixture of experts, say).
    """
    config = Path(path) / "config.json"
    if config.is_file():
        return shape_from(json.loads(config.read_text()), str(config))
    if path in KNOWN:
        return KNOWN[path]
    raise ConfigError(
        f"actor_rollout_ref.model.path={path}: no config.json there and not in the planner's table; "
        f"give a directory with the model's config.json, or one of {', '.join(KNOWN)}"
    )


def shape_from(config: dict[str, Any], source: str) -> Shape:
    """Read a config.json in Hugging Face format."""
    family = config.get("model_type")
    if family not in FAMILIES:
        raise ConfigError(f"{source}: model_type={family!r} is not counted; the planner knows {', '.join(FAMILIES)}")
    return Shape(
        source,
        vocab=config["vocab_size"],
        hidden=config["hidden_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        kv_heads=config.get("num_key_value_heads") or config["num_attention_heads"],
        intermediate=config["intermediate_size"],
        tied=config.get("tie_word_embeddings", False),
        head_dim=config.get("head_dim") or 0,
        qkv_bias=family == "qwen2" or bool(config.get("attention_bias")),
        qk_norm=family == "qwen3",
    )
