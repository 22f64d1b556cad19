"""How far is the planner's training memory from what a training step really holds?

    python benchmarks/plan_memory.py

Builds the training state of small models as verl's FSDP engine holds it on one CPU rank (fp32 parameters, gradients,
AdamW moments), trains two micro-batches and one update with verl's own log-probabilities, and tracks every tensor
storage that PyTorch makes. Compares the largest sum of live bytes with `still_verl.plan.moments`.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from still_verl.plan.models import shape_from
from still_verl.plan.moments import Work, worst_moment


class LiveStorage(TorchDispatchMode):
    """Bytes of the tensor storages that are alive, and the most there were."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_iter(result):
            if isinstance(value, torch.Tensor):
                self.track(value)
        return result

    def track(self, tensor: torch.Tensor) -> None:
        """Count the storage of a tensor until it is freed; several tensors can share one."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self.known:
            return
        self.known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self.forget, key, size)

    def forget(self, key: int, size: int) -> None:
        """Take a freed storage out of the count."""
        self.known.discard(key)
        self.live -= size


def measure(model: PreTrainedModel, rows: int, length: int) -> int:
    """Return the most bytes alive in an update of two micro-batches of `rows` sequences, once Adam has its moments."""
    from verl.utils.torch_functional import logprobs_from_logits

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    ids = torch.randint(0, model.config.vocab_size, (rows, length))

    def backward() -> None:
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        labels = ids.roll(-1, 1).reshape(-1)
        (-logprobs_from_logits(logits.reshape(len(labels), -1), labels).mean()).backward()

    with LiveStorage() as storage:
        for parameter in model.parameters():
            storage.track(parameter)
        backward()
        optimizer.step()
        storage.peak = storage.live
        backward()
        optimizer.step()
    return storage.peak


def new_model(checkpointing: bool, model_type: str, **sizes: Any) -> PreTrainedModel:
    """Build a model of that family with random weights."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(model_type, dtype="float32", **sizes)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


def planned(model: PreTrainedModel, tokens: int, checkpointing: bool) -> float:
    """Return the planner's bytes for the same state: 16 a parameter in fp32, and a micro-batch's working memory."""
    shape = shape_from(model.config.to_dict(), "the model itself")
    work = Work(shape, tokens, width=4, checkpointing=checkpointing, fused_loss=False)
    return 16 * shape.parameters + sum(worst_moment(work).values())


TINY = {  # the tiny model of still_verl.demo
    "model_type": "qwen2",
    "vocab_size": 263,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 192}
SHARED = EXPERTS | {"shared_expert_intermediate_size": 256}
# name, changed sizes, checkpointing, sequences, tokens of a sequence
Case = tuple[str, dict[str, Any], bool, int, int]
CASES: tuple[Case, ...] = (
    ("the demo's tiny model and micro-batch", {}, False, 64, 128),
    ("the same, checkpointed", {}, True, 64, 128),
    ("twice as wide", {"hidden_size": 256, "num_attention_heads": 8, "num_key_value_heads": 4}, False, 32, 128),
    ("eight layers", {"num_hidden_layers": 8}, False, 32, 128),
    ("a large vocabulary", {"vocab_size": 8192, "tie_word_embeddings": False}, False, 8, 128),
    ("a large vocabulary, checkpointed", {"vocab_size": 8192}, True, 16, 128),
    ("mostly weights", {"hidden_size": 512, "intermediate_size": 2048, "num_attention_heads": 16}, False, 1, 64),
    ("Qwen3: queries and keys have norms", {"model_type": "qwen3", "head_dim": 32}, False, 32, 128),
    ("Qwen3, 2 of 8 experts", {"model_type": "qwen3_moe", **EXPERTS}, False, 32, 128),
    ("the same, checkpointed", {"model_type": "qwen3_moe", **EXPERTS}, True, 32, 128),
    ("Qwen2, 2 of 8 experts and a shared one", {"model_type": "qwen2_moe", **SHARED}, False, 16, 128),
)


def compare(cases: Sequence[Case] = CASES) -> list[tuple[str, float, float]]:
    """Return the name, measured and planned bytes of each case."""
    torch.set_num_threads(1)  # tensors this small give two threads nothing to share but waiting
    rows = []
    for name, changes, checkpointing, count, length in cases:
        model = new_model(checkpointing, **(TINY | changes))
        rows.append((name, float(measure(model, count, length)), planned(model, count * length, checkpointing)))
    return rows


def main() -> None:
    """Print a row for each case."""
    table = Table("model and micro-batch", "measured MB", "planned MB", "error")
    for name, real, plan in compare():
        table.add_row(name, f"{real / 1e6:.1f}", f"{plan / 1e6:.1f}", f"{plan / real - 1:+.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
