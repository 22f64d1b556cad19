"""How long does the monitor take for one step, and how much memory beyond the step's own samples?

    python benchmarks/monitor.py [--steps 10]

Gives the real callback steps of made-up responses, plain words with 3 % of keywords, as tokens of SmolLM2's tokenizer,
in the size of a job on a laptop, in that of a GPU job, and in that of the study: 65,536 responses, of which the monitor
reads as many texts as `still.monitor.texts` says. The transfer queue is left out: samples are handed over as they come
out of it. Stages are timed one by one on the same samples; the whole is the callback as the trainer calls it, files
included. Memory is the most that the process held resident during a step beyond what it held before (its heap trimmed
first), and the most that Python itself allocated.
"""

import argparse
import ctypes
import gc
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keywords as texts_of
import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table
from transformers import AutoTokenizer

from still_verl.demo.prepare import prepare
from still_verl.integration.callbacks import monitor as callback
from still_verl.monitor.alarms import Watch
from still_verl.monitor.groups import group_metrics
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metrics import lengths, outcomes, reward_terms, step_metrics, text_metrics, words
from still_verl.monitor.rows import StepRows
from still_verl.monitor.samples import drawn
from still_verl.monitor.settings import MonitorConfig

MB = 1e6
DIFFERENT = 512  # texts that are made; the responses of a larger step are copies of them, each with memory of its own


@dataclass(frozen=True)
class Case:
    """A step: `characters` are the least and the most of a response, `seconds` what the whole step takes.

    The step of the study takes what the planner says of `zero_7b` on 32 H100.

    With `domains` the samples are of so many, each with its metrics and its alarms.
    """

    name: str
    samples: int
    characters: tuple[int, int]
    seconds: float
    domains: int = 0


CASES = (
    Case("a small step on two cores", 128, (20, 60), 6.2),
    Case("a step of a small GPU job", 512, (2000, 8000), 60.0),
    Case("the same, of four domains", 512, (2000, 8000), 60.0, 4),
    Case("a step of the study", 65_536, (1000, 14_000), 1312.0),
)


def make_rows(case: Case, tokenizer: Any, rng: random.Random) -> StepRows:
    """Make the samples of a step."""
    samples = case.samples
    texts = []
    for _ in range(min(samples, DIFFERENT)):
        characters = rng.randint(*case.characters)
        texts.append(texts_of.response(characters, rng) + " so \\boxed{42}")
    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    ids = [np.array(encoded[index % len(texts)], dtype=np.int32) for index in range(samples)]
    scores = np.array([float(rng.random() < 0.4) for _ in ids])
    infos = [{"acc": score, "pred": "42", "reason": "same", "term_correct": score} for score in scores]
    if case.domains:
        infos = [info | {"domain": f"d{index % case.domains}"} for index, info in enumerate(infos)]
    extras = [{"finish_reason": "stop"}] * samples
    uids = [f"p{index // 8}" for index in range(samples)]
    return StepRows(uids, scores, ["42"] * samples, infos, extras, ids, uids, [False] * samples)


def stages(rows: StepRows, tokenizer: Any) -> dict[str, Callable[[], Any]]:
    """Return the parts of a step's work by name, ready to be timed."""
    known, watch = Keywords(), Watch()
    chosen = drawn(len(rows), MonitorConfig().texts, seed=1)

    def decode() -> list[str]:
        return tokenizer.batch_decode([rows.written(index) for index in chosen], skip_special_tokens=True)

    read = decode()
    texts: list[str | None] = [None] * len(rows)
    for index, text in zip(chosen, read, strict=True):
        texts[index] = text
    metrics = step_metrics(rows, texts, known)
    for step in range(1, 60):
        watch.observe(step, metrics)
    return {
        "decode tokens": decode,
        "keywords": lambda: words(read, known),
        "repetition, marks, scripts": lambda: text_metrics(read),
        "lengths, accuracy, terms": lambda: (lengths(rows), outcomes(rows, texts), reward_terms(rows)),
        "groups": lambda: group_metrics(rows),
        "trends (every fifth step)": lambda: watch.observe(60, metrics),
    }


def median_seconds(work: Callable[[], Any], times: int) -> float:
    """Do some work several times; returns the median of the seconds that this process computed, other work aside."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def resident(field: str) -> float:
    """Return MB of this process: `VmRSS` now, `VmHWM` at most since it was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(field))


def _rows_themselves(batch: Any) -> Any:
    return batch


def _short_prompts(keys: list[str]) -> list[list[int]]:
    return [[5, 6, 7]] * len(keys)


def callback_steps(rows: StepRows, tokenizer: Any, folder: Path, times: int) -> tuple[float, float, float]:
    """Run the callback itself; returns seconds of a step, and MB resident and MB of Python that one adds at most."""
    still = {"name": "bench", "run_dir": str(folder), "monitor": {}}
    rollout = {"rollout": {"response_length": 10_000}}
    config = {"still": still, "trainer": {"save_freq": -1}, "actor_rollout_ref": rollout}
    monitor = callback.Monitor(OmegaConf.create(config))
    # Instead of the transfer queue: rows are what the trainer hands over, and all prompts are the same three tokens.
    samples = SimpleNamespace(rows=_rows_themselves, prompts=_short_prompts)
    trainer: Any = SimpleNamespace(tokenizer=tokenizer, global_steps=0, total_training_steps=times, samples=samples)
    monitor.on_init_end(trainer)

    def one() -> None:
        trainer.global_steps += 1
        monitor.on_metrics(trainer, rows, {"actor/entropy": 0.3, "actor/kl_loss": 0.01})  # type: ignore[arg-type]

    one()  # what is imported and compiled once
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    one()
    added = resident("VmHWM") - before
    tracemalloc.start()
    one()
    allocated = tracemalloc.get_traced_memory()[1] / MB
    tracemalloc.stop()
    seconds = median_seconds(one, times)
    monitor.close()
    return seconds, added, allocated


def measure(case: Case, tokenizer: Any, times: int, console: Console) -> None:
    rows = make_rows(case, tokenizer, random.Random(0))
    with tempfile.TemporaryDirectory() as folder:
        whole, added, allocated = callback_steps(rows, tokenizer, Path(folder), times)
    title = f"{case.name}: {case.samples} responses, {int(rows.tokens.sum()):,} tokens"
    table = Table("of a step", "s", title=title, title_justify="left", min_width=len(title))
    for name, work in stages(rows, tokenizer).items():
        table.add_row(name, f"{median_seconds(work, times):.4f}")
    table.add_row("the whole callback", f"{whole:.4f}", style="bold")
    console.print(table, f"{100 * whole / case.seconds:.2f} % of {case.seconds:g} s", sep="\n")
    console.print(f"memory beyond the samples: {added:.0f} MB resident, {allocated:.0f} MB of Python, at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(prepare("smollm2").model)
    for case in CASES:
        measure(case, tokenizer, args.steps, Console())


if __name__ == "__main__":
    main()
