"""How much longer is a step with still_verl's trainer mode than with verl's own?

    python benchmarks/step_overhead.py --steps 22 --rounds 2

Trains the same tiny job with `still_sync` and with `cpu_sync` (verl's trainer, only the CPU part of still_verl) in turn
and compares the medians of the wall time from one logged step to the next. The first two steps of a job are left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from still_verl.lab.job import verl_job
from still_verl.lab.paths import Lab, prepare

MODES = ("still_sync", "cpu_sync")


def overrides(lab: Lab, mode: str, steps: int) -> list[str]:
    """The job: demo-sized batches on an untrained model, so that the trainer's share of a step is large."""
    return [
        "+recipe=base",
        "still/device=cpu",
        f"actor_rollout_ref.model.path={lab.model}",
        f"data.train_files={lab.train}",
        f"data.val_files={lab.val}",
        "data.train_batch_size=16",
        "data.max_prompt_length=32",
        "data.max_response_length=64",
        "actor_rollout_ref.rollout.n=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=16",
        "actor_rollout_ref.actor.use_kl_loss=true",
        "algorithm.adv_estimator=grpo",
        "reward.custom_reward_function.path=${still.reward_fn:boxed_math}",
        "trainer.val_before_train=false",
        "trainer.logger=[file]",
        f"trainer.total_training_steps={steps}",
        f"trainer.v1.trainer_mode={mode}",
    ]


def step_seconds(lab: Lab, mode: str, steps: int) -> list[float]:
    """Wall seconds of each step after the second, seen from outside: when its line appeared in verl's log file."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "metrics.jsonl")
        env = os.environ | {
            "VERL_FILE_LOGGER_PATH": str(log),
            "VERL_USE_EXTERNAL_MODULES": "cpu_sync",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        with verl_job(overrides(lab, mode, steps), Path(folder, "log.txt"), Path(folder), env) as process:
            arrivals = _arrivals(process, log)
        if process.returncode:
            sys.exit(Path(folder, "log.txt").read_text()[-3000:])
    return [later - earlier for earlier, later in zip(arrivals[1:-1], arrivals[2:], strict=True)]


def _arrivals(process: subprocess.Popen[bytes], log: Path) -> list[float]:
    """The moments at which lines were added to `log`, to 5 ms."""
    seen: list[float] = []
    while process.poll() is None:
        lines = log.read_bytes().count(b"\n") if log.exists() else 0
        seen += [time.perf_counter()] * (lines - len(seen))
        time.sleep(0.005)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=22)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    lab = prepare("random")
    seconds: dict[str, list[float]] = {mode: [] for mode in MODES}
    console = Console()
    for round_ in range(args.rounds):
        for mode in MODES if round_ % 2 == 0 else MODES[::-1]:
            with console.status(f"round {round_ + 1} of {args.rounds}: {mode}"):
                seconds[mode] += step_seconds(lab, mode, args.steps)
    table = Table("trainer mode", "steps", "median s", "fastest s", "slowest s", title="Seconds from step to step")
    for mode, values in seconds.items():
        table.add_row(mode, str(len(values)), *(f"{f(values):.4f}" for f in (statistics.median, min, max)))
    console.print(table)
    ratio = statistics.median(seconds["still_sync"]) / statistics.median(seconds["cpu_sync"])
    console.print(f"still_sync takes {100 * (ratio - 1):+.2f} % of cpu_sync's step")


if __name__ == "__main__":
    main()
