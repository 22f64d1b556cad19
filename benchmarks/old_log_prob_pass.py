"""What an on-policy step saves without verl's pass for old log-probs: python benchmarks/old_log_prob_pass.py FOLDER

One job of the demo for each of two seeds. The pass runs in every second step only (`entropy_every=2`), so that steps
with and without it alternate in the same processes, beside the same neighbours. Prints, for each seed, the median step
of both kinds without its generation, which is the same in both and varies most; what the pass itself took by verl's
timer; and the difference of the two kinds. FOLDER keeps the runs; what is there is not run again. About three minutes a
seed.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from still_verl.monitor.jsonl import read_metrics

STEPS = 31
FIRST = 3  # steps before it warm up
SEEDS = (1, 2)
NO_PASS_S = 0.01  # verl's timer runs also where the pass is left out
SETTINGS = [
    "+recipe=demo",
    "still/policy=on_policy",
    "still.old_log_prob.skip=true",
    "still.old_log_prob.entropy_every=2",
    "actor_rollout_ref.rollout.calculate_log_probs=false",
    "trainer.val_before_train=false",
    "trainer.test_freq=-1",
    "trainer.save_freq=-1",
    f"trainer.total_training_steps={STEPS}",
]


def run(folder: Path, seed: int) -> list[dict[str, Any]]:
    """Run one job unless it is there; return the metrics of its steps."""
    if not folder.exists():
        folder.mkdir(parents=True)
        seeds = [f"data.seed={seed}", f"actor_rollout_ref.rollout.seed={seed}"]
        command = [sys.executable, "-m", "verl.trainer.main_ppo", *SETTINGS, *seeds, f"still.run_dir={folder}/run"]
        with (folder / "log.txt").open("w") as log:
            subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=True)
    return [row for row in read_metrics(folder / "run") if row.get("training/global_step", 0) >= FIRST]


def rest(row: dict[str, Any]) -> float:
    """Return the seconds of a step without its generation."""
    return float(row["timing_s/step"] - row["timing_s/gen"])


def main(folder: Path) -> None:
    """Run both seeds and print the table."""
    names = ("with the pass, s", "without, s", "saved, s", "the pass by its timer, s", "generation, s")
    table = Table("seed", *names, title="medians of a step without its generation")
    for seed in SEEDS:
        rows = run(folder / f"seed_{seed}", seed)
        passed = [row for row in rows if row["timing_s/old_log_prob"] > NO_PASS_S]
        skipped = [row for row in rows if row["timing_s/old_log_prob"] <= NO_PASS_S]
        with_it, without = median(map(rest, passed)), median(map(rest, skipped))
        timer = median(row["timing_s/old_log_prob"] for row in passed)
        generation = median(row["timing_s/gen"] for row in rows)
        cells = [with_it, without, with_it - without, timer, generation]
        table.add_row(str(seed), *(f"{cell:.2f}" for cell in cells))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder.resolve())
