"""The models that the planner knows by name: what their config.json on the model hub says.

A model that is not here is read from its own config.json, of a directory or of the hub. The test compares the
parameters with those of the model cards.
"""

from typing import Any

# vocabulary, hidden size, layers, heads, heads of keys and values, inner size of the MLP, whether embeddings are tied.
_Sizes = tuple[int, int, int, int, int, int, bool]
_QWEN2: dict[str, _Sizes] = {
    "0.5B": (151936, 896, 24, 14, 2, 4864, True),
    "1.5B": (151936, 1536, 28, 12, 2, 8960, True),
    "3B": (151936, 2048, 36, 16, 2, 11008, True),
    "7B": (152064, 3584, 28, 28, 4, 18944, False),
    "14B": (152064, 5120, 48, 40, 8, 13824, False),
    "32B": (152064, 5120, 64, 40, 8, 27648, False),
    "72B": (152064, 8192, 80, 64, 8, 29568, False),
}
_QWEN3: dict[str, _Sizes] = {
    "0.6B": (151936, 1024, 28, 16, 8, 3072, True),
    "1.7B": (151936, 2048, 28, 16, 8, 6144, True),
    "4B": (151936, 2560, 36, 32, 8, 9728, True),
    "8B": (151936, 4096, 36, 32, 8, 12288, False),
    "14B": (151936, 5120, 40, 40, 8, 17408, False),
    "32B": (151936, 5120, 64, 64, 8, 25600, False),
}
_LLAMA3: dict[str, _Sizes] = {
    "3.2-1B": (128256, 2048, 16, 32, 8, 8192, True),
    "3.2-3B": (128256, 3072, 28, 24, 8, 8192, True),
    "3.1-8B": (128256, 4096, 32, 32, 8, 14336, False),
    "3.1-70B": (128256, 8192, 80, 64, 8, 28672, False),
}
_EXPERTS = {"num_experts": 128, "num_experts_per_tok": 8}


def _config(family: str, sizes: _Sizes, **more: int) -> dict[str, Any]:
    names = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    keys = (*names, "intermediate_size", "tie_word_embeddings")
    return {"model_type": family, **dict(zip(keys, sizes, strict=True)), **more}


def _configs() -> dict[str, dict[str, Any]]:
    """Build the table; instruction-tuned models and those that were distilled into one have its sizes."""
    made: dict[str, dict[str, Any]] = {}
    for size, sizes in _QWEN2.items():
        for suffix in ("", "-Instruct"):
            made[f"Qwen/Qwen2.5-{size}{suffix}"] = _config("qwen2", sizes)
    for size in ("1.5B", "7B", "72B"):
        made[f"Qwen/Qwen2.5-Math-{size}"] = _config("qwen2", _QWEN2[size])
    for size in ("7B", "14B", "32B"):
        made[f"deepseek-ai/DeepSeek-R1-Distill-Qwen-{size}"] = _config("qwen2", _QWEN2[size])
    untied = (*_QWEN2["1.5B"][:-1], False)  # the one distilled model that differs from its base
    made["deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"] = _config("qwen2", untied)
    for size, sizes in _QWEN3.items():
        for suffix in ("", "-Base"):
            made[f"Qwen/Qwen3-{size}{suffix}"] = _config("qwen3", sizes, head_dim=128)
    mixture = (151936, 2048, 48, 32, 4, 6144, False)
    for suffix in ("", "-Base"):
        made[f"Qwen/Qwen3-30B-A3B{suffix}"] = _config(
            "qwen3_moe", mixture, head_dim=128, moe_intermediate_size=768, **_EXPERTS
        )
    for size, sizes in _LLAMA3.items():
        for suffix in ("", "-Instruct"):
            made[f"meta-llama/Llama-{size}{suffix}"] = _config("llama", sizes)
    made["meta-llama/Llama-3.3-70B-Instruct"] = _config("llama", _LLAMA3["3.1-70B"])
    made["deepseek-ai/DeepSeek-R1-Distill-Llama-8B"] = _config("llama", _LLAMA3["3.1-8B"])
    made["deepseek-ai/DeepSeek-R1-Distill-Llama-70B"] = _config("llama", _LLAMA3["3.1-70B"])
    return made


CONFIGS = _configs()
