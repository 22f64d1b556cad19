"""How much longer does the reference pass of a demo step take than a bare forward of as many tokens?

    python benchmarks/reference_pass.py

Measures a bare forward with log-probs before and after a job of the demo: the same model, one batch of 192 sequences
without padding, as many threads as a worker has. The pass is verl's timer, all of the way from trainer to worker and
back.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM

from still_verl.demo.prepare import prepare
from still_verl.integration.cpu.packed_attention import keep_apart

SEQUENCES = 192
THREADS = 2
STEPS = 10
WARM_UP = 2
ROUNDS = 8


def job() -> list[dict[str, Any]]:
    """Run the demo; return verl's metrics of each step after the warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"still.run_dir={folder}", f"trainer.total_training_steps={STEPS}", "trainer.test_freq=-1"]
        overrides += ["trainer.val_before_train=false"]
        command = [sys.executable, "-m", "verl.trainer.main_ppo", "+recipe=demo", *overrides]
        subprocess.run(command, check=True, capture_output=True)
        lines = [json.loads(line) for line in Path(folder, "metrics.jsonl").read_text().splitlines()]
    rows = [line.get("data", line) for line in lines]
    return [row for row in rows if "timing_s/ref" in row][WARM_UP:]


def bare(tokens: int) -> list[float]:
    """Return the seconds of forwards over as many tokens, with the log-probs of the next ones."""
    torch.set_num_threads(THREADS)
    model = AutoModelForCausalLM.from_pretrained(prepare("tiny").model, attn_implementation="sdpa", dtype=torch.float32)
    keep_apart(model)
    each = tokens // SEQUENCES
    ids = torch.randint(3, 80, (1, each * SEQUENCES))
    positions = torch.arange(each).repeat(SEQUENCES)[None]
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with torch.no_grad():
            logits = model(ids, position_ids=positions, use_cache=False).logits
            torch.log_softmax(logits[:, :-1], dim=-1).gather(-1, ids[:, 1:, None])
        found.append(time.perf_counter() - started)
    return found[WARM_UP:]


def main() -> None:
    tokens = 45 * SEQUENCES
    forwards = bare(tokens)
    steps = job()
    forwards += bare(tokens)
    forward = statistics.median(forwards) / tokens
    passes = [row["timing_s/ref"] / row["global_seqlen/mean"] for row in steps]
    table = Table("microseconds a token", "median", "fastest", title="reference pass")
    for name, values in (("bare forward", [value / tokens for value in forwards]), ("verl's timer", passes)):
        table.add_row(name, f"{1e6 * statistics.median(values):.1f}", f"{1e6 * min(values):.1f}")
    console = Console()
    console.print(table, f"ratio of medians: {statistics.median(passes) / forward:.2f}")


if __name__ == "__main__":
    main()
