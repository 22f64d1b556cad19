"""How much longer is a step with still_verl's trainer mode than with verl's own, with everything on?

    python benchmarks/step_overhead.py --steps 80
    python benchmarks/step_overhead.py --steps 80 --device gpu actor_rollout_ref.model.path=Qwen/Qwen2.5-0.5B

Trains a small job in which every second step is verl's own trainer's and every other one `still_sync`'s, with all its
callbacks: adaptive KL and entropy, reference reset, temperature, stages of the context, selection, monitor. Both kinds
run in the same processes, so that they meet the same machine, and each step of ours is compared with the one of verl's
that follows it. The first steps are left out. Every response has the same length, so that steps are equal work. Both
kinds have our worker, which wraps the loss; `benchmarks/loss_overhead.py` measures that.
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
from gpu_check import ATTENTIONS, on_gpu
from rich.console import Console
from rich.table import Table

from still_verl.demo.files import DemoModel
from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare

WARM_UP = 4  # steps
# Values that change in every step and leave the work of a step as it is.
EVERYTHING = [
    "still/reward=boxed",
    "still/kl=adaptive",
    "still/entropy=adaptive",
    "still/temperature=rising",
    "still.reference.reset_every=15",  # odd, so that it falls on steps of ours
    "still.context.stages=[[1,63],[1000,64]]",
    "still.selection.rules=[alternate.keep_all]",
]


def overrides(demo: DemoModel, folder: Path, device: str, steps: int) -> list[str]:
    """The job: demo-sized batches on an untrained model, so that the trainer's share of a step is large."""
    return [
        "+recipe=base",
        f"still/device={device}",
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
        *EVERYTHING,
        "trainer.val_before_train=false",
        "trainer.test_freq=-1",
        "trainer.total_epochs=100",
        "trainer.logger=[file]",
        f"trainer.total_training_steps={steps}",
    ]


def run(job: list[str], folder: Path) -> tuple[list[tuple[float, float]], list[float]]:
    """Wall seconds of each step of ours and of verl's after it, and of our hooks in each step of ours."""
    log = folder / "seconds.txt"
    env = os.environ | {
        alternate.LOG: str(log),
        "VERL_FILE_LOGGER_PATH": str(folder / "verl.jsonl"),
        "VERL_USE_EXTERNAL_MODULES": "alternate",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])),
    }
    with verl_job(job, folder / "log.txt", folder, env) as process:
        process.wait()
    if process.returncode:
        sys.exit((folder / "log.txt").read_text()[-3000:])
    pairs, ours = [], None
    for line in log.read_text().splitlines()[WARM_UP:]:
        kind, value = line.split()
        if kind == "1":
            ours = float(value)
        elif ours is not None:
            pairs.append((ours, float(value)))
    logged = [json.loads(line)["data"] for line in (folder / "verl.jsonl").read_text().splitlines()]
    hooks = [row["timing_s/still"] for row in logged if "timing_s/still" in row]
    return pairs, hooks[WARM_UP // 2 :]


def interval(differences: list[float], draws: int = 4000) -> tuple[float, float]:
    """A 95 percent interval of the median of paired differences, by the percentile bootstrap over pairs."""
    rng = random.Random(0)
    medians = [statistics.median(rng.choices(differences, k=len(differences))) for _ in range(draws)]
    medians.sort()
    return medians[int(0.025 * draws)], medians[int(0.975 * draws)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of verl")
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--device", choices=["gpu", "cpu"], default="cpu")
    parser.add_argument("--attention", choices=ATTENTIONS, help="on a GPU; flash where flash-attn is")
    args = parser.parse_args()
    console = Console()
    demo = prepare("random")
    with tempfile.TemporaryDirectory() as root, console.status("verl's and our steps in turn"):
        folder = Path(root)
        job = overrides(demo, folder, args.device, args.steps)
        if args.device == "gpu":
            job += ["actor_rollout_ref.rollout.name=vllm", "actor_rollout_ref.actor.use_dynamic_bsz=true"]
            job += ["trainer.nnodes=1", "trainer.n_gpus_per_node=1", *on_gpu(args.attention)]
        pairs, hooks = run([*job, *args.overrides], folder)
    kinds = {"still_sync": [ours for ours, _ in pairs], "verl": [theirs for _, theirs in pairs]}
    table = Table("steps of", "number", "median s", "fastest s", "slowest s", title="Seconds from step to step")
    for name, values in kinds.items():
        table.add_row(name, str(len(values)), *(f"{f(values):.4f}" for f in (statistics.median, min, max)))
    console.print(table)
    step = statistics.median(kinds["verl"])
    differences = [100 * (ours - theirs) / step for ours, theirs in pairs]
    low, high = interval(differences)
    console.print(
        f"paired difference {statistics.median(differences):+.2f} %, 95 % interval [{low:+.2f}, {high:+.2f}] %"
    )
    own = statistics.median(hooks)
    console.print(f"all hooks together take {own:.4f} s of a step, {100 * own / step:.2f} %")


if __name__ == "__main__":
    main()
