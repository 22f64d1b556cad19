"""How long does each job of an ablation on a processor take to start?

    python benchmarks/sweep_start.py
    python benchmarks/sweep_start.py --against ../old --rounds 2

Runs the demo for two steps with three seeds (`-m`). The start of the first job is from the command to its first step,
that of another from the end of the last step of the job before it. With `--against` another checkout, with an
environment of its own in `.venv`, runs the same in turn.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.demo.prepare import prepare

SEEDS = "1,2,3"
STEPS = 2


def starts(tree: Path) -> list[float]:
    """Run the ablation from a checkout; return how long each job took to start, in s."""
    demo = prepare("tiny")
    with tempfile.TemporaryDirectory() as folder:
        job = ["+recipe=demo", f"hydra.sweep.dir={folder}/sweep", f"actor_rollout_ref.model.path={demo.model}"]
        job += [
            f"data.train_files={demo.train}",
            f"data.val_files={demo.val}",
            f"data.seed={','.join(map(str, SEEDS))}",
        ]
        job += [f"trainer.total_training_steps={STEPS}", "trainer.test_freq=-1", "trainer.val_before_train=false"]
        command = [str(tree / ".venv/bin/python"), "-m", "verl.trainer.main_ppo", "-m", *job]
        before = time.time()
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
        found = []
        for metrics in sorted(Path(folder, "sweep").glob("*/metrics.jsonl"), key=lambda path: path.stat().st_mtime):
            ended = metrics.stat().st_mtime
            found.append(ended - training(metrics) - before)
            before = ended
        return found


def training(metrics: Path) -> float:
    """Return the seconds of all steps of a run."""
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    rows = [line.get("data", line) for line in lines]
    return sum(row.get("timing_s/step", 0.0) for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=Path, help="another checkout, with .venv")
    args = parser.parse_args()
    trees = {"this": Path(__file__).resolve().parents[1]}
    if args.against:
        trees["the other"] = args.against.resolve()
    found: dict[str, list[list[float]]] = {name: [] for name in trees}
    for _ in range(args.rounds):
        for name, tree in trees.items():
            found[name].append(starts(tree))
    table = Table("checkout", "first job", "second", "third", title="s until the first step")
    for name, rounds in found.items():
        table.add_row(name, *(f"{statistics.median(column):.1f}" for column in zip(*rounds, strict=True)))
    Console().print(table, found)


if __name__ == "__main__":
    main()
