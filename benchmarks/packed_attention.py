"""How much processor time does packing save, against batches that are padded to their longest sequence?

    python benchmarks/packed_attention.py

The demo's model, 192 sequences of 25 to 128 tokens in two batches, one thread, both ways in turn in this process.
"""

import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM

from still_verl.demo.prepare import prepare
from still_verl.integration.cpu.packed_attention import keep_apart

ROUNDS = 6
Forward = Callable[[], torch.Tensor]


def padded(model: torch.nn.Module, sequences: list[torch.Tensor]) -> Forward:
    pad = torch.nn.utils.rnn.pad_sequence
    ids = pad(sequences, batch_first=True)
    mask = pad([torch.ones_like(sequence) for sequence in sequences], batch_first=True)
    positions = torch.arange(ids.shape[1]).repeat(len(ids), 1)
    return lambda: model(ids, attention_mask=mask, position_ids=positions, use_cache=False).logits  # type: ignore[no-any-return]


def packed(model: torch.nn.Module, sequences: list[torch.Tensor]) -> Forward:
    ids = torch.cat(sequences)[None]
    positions = torch.cat([torch.arange(len(sequence)) for sequence in sequences])[None]
    return lambda: model(ids, position_ids=positions, use_cache=False).logits  # type: ignore[no-any-return]


def seconds(forwards: list[Forward], backward: bool) -> float:
    started = time.process_time()
    for forward in forwards:
        with torch.set_grad_enabled(backward):
            logits = forward()
        if backward:
            logits.square().mean().backward()
    return time.process_time() - started


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path = prepare("tiny").model
    lengths = [*torch.randint(25, 75, (190,)).tolist(), 128, 120]
    sequences = [torch.randint(3, 80, (length,)) for length in lengths]
    batches = [sequences[::2], sequences[1::2]]
    kinds = {}
    for name, make in (("padded", padded), ("packed", packed)):
        model = AutoModelForCausalLM.from_pretrained(path, attn_implementation="sdpa", dtype=torch.float32)
        if name == "packed":
            keep_apart(model)
        kinds[name] = [make(model, batch) for batch in batches]
    table = Table("processor s", *kinds, "ratio")
    for what, backward in (("forward", False), ("forward and backward", True)):
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name, forwards in kinds.items():
                found[name].append(seconds(forwards, backward))
        medians = [statistics.median(found[name]) for name in kinds]
        table.add_row(what, *(f"{value:.3f}" for value in medians), f"{medians[1] / medians[0]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
