"""How much longer does the reference pass of a demo step take than a bare forward of the same tokens?

    python benchmarks/reference_pass.py

Runs the demo and a bare forward with log-probs in turn: the same model, one batch of sequences as long as those of a
step, without padding. The demo has a thread on each of two ranks, so the forward is run with one thread and with two.
The pass is verl's timer, all of the way from trainer to workers and back.
"""

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM

from still_verl.demo.prepare import prepare
from still_verl.integration.cpu.packed_attention import keep_apart
from still_verl.monitor.jsonl import read_metrics, read_samples

SEQUENCES = 192
ROUNDS = 3  # of a job and a bare forward
RANKS = 2  # of the demo, with a thread each
STEPS = 10
WARM_UP = 2
FORWARDS = 8  # of a round


class Job(NamedTuple):
    """A run of the demo."""

    seconds_a_token: list[float]  # of the pass, for each step after the warm-up
    lengths: list[int]  # tokens of each sequence of a step


def job() -> Job:
    """Run the demo, and read how long its passes took and its sequences are."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"still.run_dir={folder}", f"trainer.total_training_steps={STEPS}", "trainer.test_freq=-1"]
        overrides += ["trainer.val_before_train=false"]
        command = [sys.executable, "-m", "verl.trainer.main_ppo", "+recipe=demo", *overrides]
        subprocess.run(command, check=True, capture_output=True)
        steps = [row for row in read_metrics(Path(folder)) if "timing_s/ref" in row][WARM_UP:]
        responses = [row["tokens"] for row in read_samples(Path(folder)) if row["step"] == STEPS]
    tokens = RANKS * steps[-1]["global_seqlen/mean"]
    prompt = round(tokens / SEQUENCES - statistics.mean(responses))
    # The samples of the run are a few of each group: as many again, until they are a batch.
    lengths = [prompt + length for length, _ in zip(itertools.cycle(responses), range(SEQUENCES), strict=False)]
    return Job([row["timing_s/ref"] / (RANKS * row["global_seqlen/mean"]) for row in steps], lengths)


def bare(lengths: list[int], threads: int) -> list[float]:
    """Return the seconds a token of forwards over sequences of some lengths, with the log-probs of the next tokens."""
    torch.set_num_threads(threads)
    model = AutoModelForCausalLM.from_pretrained(prepare("tiny").model, attn_implementation="sdpa", dtype=torch.float32)
    keep_apart(model)
    ids = torch.randint(3, 80, (1, sum(lengths)))
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    found = []
    for _ in range(FORWARDS):
        started = time.perf_counter()
        with torch.no_grad():
            logits = model(ids, position_ids=positions, use_cache=False).logits
            torch.log_softmax(logits[:, :-1], dim=-1).gather(-1, ids[:, 1:, None])
        found.append((time.perf_counter() - started) / sum(lengths))
    return found[WARM_UP:]


def main() -> None:
    passes: list[float] = []
    forwards: dict[int, list[float]] = {threads: [] for threads in range(1, RANKS + 1)}
    for _ in range(ROUNDS):
        done = job()
        passes += done.seconds_a_token
        for threads, found in forwards.items():
            found += bare(done.lengths, threads)
    table = Table("microseconds a token", "median", "fastest", "the pass takes", title="reference pass")
    table.add_row("verl's timer", f"{1e6 * statistics.median(passes):.1f}", f"{1e6 * min(passes):.1f}", "")
    for threads, found in forwards.items():
        median = statistics.median(found)
        ratio = f"{statistics.median(passes) / median:.2f} times as long"
        table.add_row(f"bare forward, {threads} thread(s)", f"{1e6 * median:.1f}", f"{1e6 * min(found):.1f}", ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
