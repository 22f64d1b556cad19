"""How much longer is a step with still_verl's trainer mode than with verl's own?

    python benchmarks/step_overhead.py --steps 40

Trains the same small job twice at the same time, with `still_sync` (all its callbacks) and with `cpu_sync` (verl's
trainer, only the CPU part of still_verl). The two take turns step by step, so that each pair of steps meets the same
machine. The first two pairs and the last are left out. Every response has the same length, so that steps are equal
work. One Ray cluster holds both: verl names a socket after Ray's job, and two clusters would number theirs alike.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import ray
import turns
from rich.console import Console
from rich.table import Table

from still_verl.lab.job import verl_job
from still_verl.lab.paths import Lab, prepare

MODES = ("still_sync", "cpu_sync")


def overrides(lab: Lab, mode: str, folder: Path, steps: int, env: dict[str, str], address: str) -> list[str]:
    """The job: demo-sized batches on an untrained model, so that the trainer's share of a step is large."""
    return [
        *(f"+ray_kwargs.ray_init.runtime_env.env_vars.{name}='{value}'" for name, value in env.items()),
        f"+ray_kwargs.ray_init.address='{address}'",
        "~ray_kwargs.ray_init.num_cpus",
        "~ray_kwargs.ray_init.num_gpus",
        "+recipe=base",
        "still/device=cpu",
        f"still.run_dir={folder}",
        f"actor_rollout_ref.model.path={lab.model}",
        f"data.train_files={lab.train}",
        f"data.val_files={lab.val}",
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
        f"trainer.v1.trainer_mode={mode}",
    ]


def run_in_turns(lab: Lab, root: Path, steps: int) -> tuple[dict[str, list[float]], list[float]]:
    """Wall seconds of the steps of both modes, in the order of the pairs, and of our callbacks in each step of ours."""
    cluster = ray.init(num_cpus=64, num_gpus=len(MODES), include_dashboard=False, log_to_driver=False)
    pipes = {mode: root / f"{mode}.turn" for mode in MODES}
    for pipe in pipes.values():
        os.mkfifo(pipe)
    with ExitStack() as jobs:
        processes = {}
        for mode, other in (MODES, MODES[::-1]):
            (folder := root / mode).mkdir()
            env = {
                turns.MINE: str(pipes[mode]),
                turns.OTHERS: str(pipes[other]),
                turns.LOG: str(folder / "seconds.txt"),
                turns.STARTS: str(mode == MODES[0]),
                "VERL_FILE_LOGGER_PATH": str(folder / "verl.jsonl"),
                "VERL_USE_EXTERNAL_MODULES": "turns",
                "PYTHONPATH": str(Path(__file__).parent),
            }
            job = overrides(lab, mode, folder, steps, env, cluster.address_info["address"])
            processes[mode] = jobs.enter_context(verl_job(job, root / f"{mode}.log", folder, os.environ | env))
        while any(process.poll() is None for process in processes.values()):
            for mode, process in processes.items():
                if process.poll():  # the other would wait for its turn for ever
                    sys.exit((root / f"{mode}.log").read_text()[-3000:])
            time.sleep(0.5)
    seconds = {mode: [float(line) for line in (root / mode / "seconds.txt").read_text().split()] for mode in MODES}
    logged = [json.loads(line)["data"] for line in (root / MODES[0] / "verl.jsonl").read_text().splitlines()]
    return seconds, [row["timing_s/still"] for row in logged]


def interval(ratios: list[float], draws: int = 2000) -> tuple[float, float]:
    """A 95 percent interval of the median of `ratios`, by the percentile bootstrap."""
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(draws))
    return medians[int(0.025 * draws)], medians[int(0.975 * draws)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    console = Console()
    lab = prepare("random")
    with tempfile.TemporaryDirectory() as folder, console.status("two jobs in turns"):
        seconds, callbacks = run_in_turns(lab, Path(folder), args.steps)
    seconds = {mode: values[2:-1] for mode, values in seconds.items()}
    table = Table("trainer mode", "steps", "median s", "fastest s", "slowest s", title="Seconds from step to step")
    for mode, values in seconds.items():
        table.add_row(mode, str(len(values)), *(f"{f(values):.4f}" for f in (statistics.median, min, max)))
    console.print(table)
    ours, theirs = (statistics.median(seconds[mode]) for mode in MODES)
    ratios = [a / b for a, b in zip(seconds[MODES[0]], seconds[MODES[1]], strict=True)]
    own = statistics.median(callbacks[2:-1])
    console.print(f"all callbacks together: {own:.4f} s, {100 * own / ours:.2f} % of a step")
    low, high = interval(ratios)
    console.print(f"medians: still_sync takes {100 * (ours / theirs - 1):+.2f} % of cpu_sync's step")
    console.print(
        f"pairs: median {100 * (statistics.median(ratios) - 1):+.2f} %, 95 % interval "
        f"[{100 * (low - 1):+.2f}, {100 * (high - 1):+.2f}] %"
    )


if __name__ == "__main__":
    main()
