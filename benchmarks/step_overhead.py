"""How much longer is a step with still_verl's trainer mode than with verl's own?

    python benchmarks/step_overhead.py --steps 80

Trains a small job in which every second step is verl's own trainer's and every other one `still_sync`'s, with all its
callbacks. Both kinds run in the same processes, so that they meet the same machine. The first steps are left out.
Every response has the same length, so that steps are equal work.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

import alternate
from rich.console import Console
from rich.table import Table

from still_verl.demo.files import DemoModel
from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare

WARM_UP = 4  # steps


def overrides(demo: DemoModel, folder: Path, steps: int) -> list[str]:
    """The job: demo-sized batches on an untrained model, so that the trainer's share of a step is large."""
    return [
        "+recipe=base",
        "still/device=cpu",
        f"still.run_dir={folder}",
        f"actor_rollout_ref.model.path={demo.model}",
        f"data.train_files={demo.train}",
        f"data.val_files={demo.val}",
        "data.train_batch_size=16",
        "data.max_prompt_length=32",
        "data.max_response_length=64",
        "actor_rollout_ref.rollout.n=8",
        "actor_rollout_ref.rollout.ignore_eos=true",
        "actor_rollout_ref.actor.ppo_mini_batch_size=16",
        "actor_rollout_ref.actor.use_kl_loss=true",
        "algorithm.adv_estimator=grpo",
        "reward.custom_reward_function.path=${still.reward_fn:boxed_math}",
        "trainer.val_before_train=false",
        "trainer.test_freq=-1",
        "trainer.total_epochs=100",
        "trainer.logger=[file]",
        f"trainer.total_training_steps={steps}",
    ]


def run(demo: DemoModel, folder: Path, steps: int) -> tuple[dict[str, list[float]], list[float]]:
    """Wall seconds of the steps of both kinds, in their order, and of our callbacks in each step of ours."""
    log = folder / "seconds.txt"
    env = os.environ | {
        alternate.LOG: str(log),
        "VERL_FILE_LOGGER_PATH": str(folder / "verl.jsonl"),
        "VERL_USE_EXTERNAL_MODULES": "alternate",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])),
    }
    with verl_job(overrides(demo, folder, steps), folder / "log.txt", folder, env) as process:
        process.wait()
    if process.returncode:
        sys.exit((folder / "log.txt").read_text()[-3000:])
    seconds: dict[str, list[float]] = {"verl": [], "still_sync": []}
    for line in log.read_text().splitlines()[WARM_UP:]:
        ours, value = line.split()
        seconds["still_sync" if ours == "1" else "verl"].append(float(value))
    logged = [json.loads(line)["data"] for line in (folder / "verl.jsonl").read_text().splitlines()]
    return seconds, [row["timing_s/still"] for row in logged if "timing_s/still" in row]


def interval(ours: list[float], theirs: list[float], draws: int = 4000) -> tuple[float, float]:
    """A 95 percent interval of the ratio of medians, by the percentile bootstrap."""
    rng = random.Random(0)
    medians = [
        statistics.median(rng.choices(ours, k=len(ours))) / statistics.median(rng.choices(theirs, k=len(theirs)))
        for _ in range(draws)
    ]
    medians.sort()
    return medians[int(0.025 * draws)], medians[int(0.975 * draws)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=80)
    args = parser.parse_args()
    console = Console()
    demo = prepare("random")
    with tempfile.TemporaryDirectory() as folder, console.status("verl's and our steps in turn"):
        seconds, callbacks = run(demo, Path(folder), args.steps)
    table = Table("steps of", "number", "median s", "fastest s", "slowest s", title="Seconds from step to step")
    for name, values in seconds.items():
        table.add_row(name, str(len(values)), *(f"{f(values):.4f}" for f in (statistics.median, min, max)))
    console.print(table)
    ours, theirs = (statistics.median(seconds[name]) for name in ("still_sync", "verl"))
    low, high = (100 * (bound - 1) for bound in interval(seconds["still_sync"], seconds["verl"]))
    console.print(f"medians differ by {100 * (ours / theirs - 1):+.2f} %, 95 % interval [{low:+.2f}, {high:+.2f}] %")
    own = statistics.median(callbacks)
    console.print(f"all callbacks together take {own:.4f} s of a step, {100 * own / ours:.2f} %")


if __name__ == "__main__":
    main()
