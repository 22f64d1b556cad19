"""Does still_verl work on this machine's GPU, and what does it cost there?

    python benchmarks/gpu_check.py --model Qwen/Qwen2.5-0.5B --steps 12
    python benchmarks/gpu_check.py --device cpu --steps 3

Runs the same short job twice: with stock verl (`trainer_mode=sync`, no plugin) and with still_verl (`still_sync`, all
its callbacks, a KL coefficient that falls from step to step). Prints step times, tokens a second, how far log-probs of
actor and rollout are apart, the KL coefficients that the workers used, and memory. `--device cpu` is the same on a
laptop without a GPU, where verl's own trainer needs our CPU part.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from still_verl import paths
from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare

STOCK, OURS = "verl", "verl + still_verl"
WARM_UP = 1  # steps that are left out of the medians


def job(model: str | None, steps: int) -> list[str]:
    """The overrides of both: GRPO with a KL loss on sums, 8 prompts with 8 samples of 64 tokens."""
    demo = prepare("random")
    return [
        f"actor_rollout_ref.model.path={model or demo.model}",
        f"data.train_files={demo.train}",
        f"data.val_files={demo.val}",
        "data.train_batch_size=8",
        "data.max_prompt_length=256",
        "data.max_response_length=64",
        "algorithm.adv_estimator=grpo",
        "actor_rollout_ref.rollout.name=vllm",
        "actor_rollout_ref.rollout.n=8",
        "actor_rollout_ref.rollout.ignore_eos=true",
        "actor_rollout_ref.rollout.calculate_log_probs=true",
        "actor_rollout_ref.rollout.gpu_memory_utilization=0.4",
        "actor_rollout_ref.actor.ppo_mini_batch_size=8",
        "actor_rollout_ref.actor.use_dynamic_bsz=true",
        "actor_rollout_ref.actor.use_kl_loss=true",
        f"reward.custom_reward_function.path={paths.reward_fn('boxed_math')}",
        "trainer.nnodes=1",
        "trainer.n_gpus_per_node=1",
        "trainer.val_before_train=false",
        "trainer.test_freq=-1",
        "trainer.save_freq=-1",
        "trainer.total_epochs=1000",
        "trainer.logger=[console,file]",
        f"trainer.total_training_steps={steps}",
    ]


def variants(device: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """What each of the two adds: overrides and environment."""
    ours = ["+recipe=base", f"still/device={device}", "still.run_dir=run", "still/kl=linear", "still.kl.start=0.01"]
    if device == "cpu":
        here = {"VERL_USE_EXTERNAL_MODULES": "baseline", "PYTHONPATH": str(Path(__file__).parent)}
        return {
            STOCK: (["+recipe=base", "still/device=cpu", "trainer.v1.trainer_mode=cpu_sync"], here),
            OURS: (ours, {}),
        }
    return {STOCK: (["trainer.v1.trainer_mode=sync"], {"VERL_USE_EXTERNAL_PLUGINS": "none"}), OURS: (ours, {})}


def run(overrides: list[str], env: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """The metrics of each step, from verl's file logger; ends the script with the job's log when it fails."""
    folder.mkdir()
    env = os.environ | {"VERL_FILE_LOGGER_PATH": str(folder / "metrics.jsonl")} | env
    with verl_job(overrides, folder / "log.txt", folder, env) as process:
        process.wait()
    if process.returncode:
        sys.exit((folder / "log.txt").read_text()[-5000:])
    rows = [json.loads(line)["data"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "training/global_step" in row]


def row(name: str, steps: list[dict[str, Any]]) -> list[str]:
    warm = steps[WARM_UP:]
    median = {key: statistics.median(step[key] for step in warm) for key in ("timing_s/step", "perf/throughput")}
    return [
        name,
        str(len(warm)),
        f"{median['timing_s/step']:.2f}",
        f"{median['perf/throughput']:,.0f}",
        f"{max(step['training/rollout_probs_diff_max'] for step in steps):.1e}",
        " ".join(f"{step['actor/kl_coef']:.4f}" for step in steps if "actor/kl_coef" in step) or "none",
        f"{max(step['actor/perf/max_memory_allocated_gb'] for step in steps):.2f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder or hub name; without it an untrained model of 0.1M parameters")
    parser.add_argument("--device", choices=["gpu", "cpu"], default="gpu")
    parser.add_argument("--steps", type=int, default=12)
    args = parser.parse_args()
    console = Console()
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as root:
        for number, (name, (overrides, env)) in enumerate(variants(args.device).items()):
            with console.status(name):
                both = [*overrides, *job(args.model, args.steps)]
                found[name] = run(both, env, Path(root, str(number)))
    table = Table(title=f"one job on {args.device}, medians after the first step", title_justify="left")
    for column in ("", "steps", "s / step", "tokens / s", "probs differ by", "KL coefficients of the worker", "GB"):
        table.add_column(column)
    for name, steps in found.items():
        table.add_row(*row(name, steps))
    console.print(table)
    ours, stock = (statistics.median(s["timing_s/step"] for s in found[name][WARM_UP:]) for name in (OURS, STOCK))
    console.print(f"a step takes {ours / stock:.3f} times stock verl's")


if __name__ == "__main__":
    main()
