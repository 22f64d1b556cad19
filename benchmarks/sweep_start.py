"""How long is it until each job of an ablation on a processor has its first samples?

    python benchmarks/sweep_start.py
    python benchmarks/sweep_start.py --against ../old --rounds 2

Runs the demo for two steps with three seeds (`-m`), each time as on a machine on which nothing was compiled before.
Of the first job, the time is from the command until the samples of its first step are there, of another from the
end of the last step of the job before it. With `--against` another checkout, with an environment of its own in
`.venv`, runs the same in turn.
"""

import argparse
import json
import os
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
    """Run the ablation from a checkout; return how long it took until each job had samples, in s."""
    demo = prepare("tiny")
    with tempfile.TemporaryDirectory() as folder:
        job = ["+recipe=demo", f"hydra.sweep.dir={folder}/sweep", f"actor_rollout_ref.model.path={demo.model}"]
        job += [
            f"data.train_files={demo.train}",
            f"data.val_files={demo.val}",
            f"data.seed={SEEDS}",
        ]
        job += [f"trainer.total_training_steps={STEPS}", "trainer.test_freq=-1", "trainer.val_before_train=false"]
        command = [str(tree / ".venv/bin/python"), "-m", "verl.trainer.main_ppo", "-m", *job]
        before = time.time()
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": f"{folder}/compiled"}
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
        found = []
        for metrics in sorted(Path(folder, "sweep").glob("*/metrics.jsonl"), key=lambda path: path.stat().st_mtime):
            ended = metrics.stat().st_mtime
            found.append(ended - after_first_samples(metrics) - before)
            before = ended
        return found


def after_first_samples(metrics: Path) -> float:
    """Return the seconds of all steps of a run but the generation of the first."""
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    steps = [row for row in (line.get("data", line) for line in lines) if "timing_s/step" in row]
    return sum(row["timing_s/step"] for row in steps) - steps[0]["timing_s/gen"]


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
    table = Table("checkout", "first job", "second", "third", title="s until the first samples")
    for name, rounds in found.items():
        table.add_row(name, *(f"{statistics.median(column):.1f}" for column in zip(*rounds, strict=True)))
    Console().print(table, found)


if __name__ == "__main__":
    main()
