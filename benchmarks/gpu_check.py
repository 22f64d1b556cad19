"""Does still_verl work on this machine's GPU, and what does it cost there?

    python benchmarks/gpu_check.py --model Qwen/Qwen2.5-0.5B --steps 12
    python benchmarks/gpu_check.py --model Qwen/Qwen2.5-0.5B --repeat 2 --keep check data.max_response_length=512
    python benchmarks/gpu_check.py --device cpu --steps 3

Runs the same short job twice: with stock verl (`trainer_mode=sync`, no plugin) and with still_verl (`still_sync`, all
its callbacks, a KL coefficient that falls from step to step). Prints step times with their phases, tokens a second, how
far log-probs of actor and rollout are apart, the KL coefficients that the workers used, and memory.

Overrides at the end are for both. `--repeat` runs both again, in the other order each time, which shows how far equal
runs are apart. verl looks for finished samples every 2 s, so `gen` is never shorter on a GPU: take longer responses.
`--device cpu` is the same on a laptop without a GPU, where verl's own trainer needs our CPU part.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from still_verl import paths
from still_verl.demo.job import verl_job
from still_verl.demo.prepare import prepare

STOCK, OURS = "verl", "verl + still_verl"
WARM_UP = 1  # steps that are left out of the medians
STEP = "timing_s/step"
ATTENTIONS = ("flash", "sdpa")


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


def on_gpu(attention: str | None) -> list[str]:
    """What a job on one GPU needs beside verl's defaults; without a choice, flash-attn where it is installed."""
    overrides = [
        "actor_rollout_ref.rollout.tensor_model_parallel_size=1",  # verl's default is 2
        "actor_rollout_ref.rollout.gpu_memory_utilization=0.4",
        "ray_kwargs.ray_init.num_cpus=16",  # logical: on fewer, verl's actors would wait for each other for ever
        # By default verl starts two dozen helpers, each of which imports for many seconds.
        "data.dataloader_num_workers=0",
        "transfer_queue.backend.SimpleStorage.num_data_storage_units=1",
        "actor_rollout_ref.rollout.agent.num_workers=2",
        "reward.num_workers=1",
    ]
    if attention == "sdpa" or (attention is None and not find_spec("flash_attn")):
        overrides += [
            "+actor_rollout_ref.model.override_config.attn_implementation=sdpa",
            "actor_rollout_ref.model.use_remove_padding=false",
        ]
    return overrides


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


def row(name: str, runs: list[list[dict[str, Any]]]) -> list[str]:
    steps = [step for steps in runs for step in steps]
    each = [f"{middle(steps, STEP):.3f}" for steps in map(warm, runs)]
    return [
        name,
        str(sum(len(warm(steps)) for steps in runs)),
        " ".join(each),
        f"{middle([step for steps in runs for step in warm(steps)], 'perf/throughput'):,.0f}",
        f"{max(step['training/rollout_probs_diff_max'] for step in steps):.1e}",
        shortened([f"{step['actor/kl_coef']:.4f}" for step in runs[0] if "actor/kl_coef" in step]) or "none",
        f"{max(step['actor/perf/max_memory_allocated_gb'] for step in steps):.2f}",
    ]


def shortened(values: list[str]) -> str:
    return " ".join(values if len(values) < 6 else [*values[:3], "...", values[-1]])


def warm(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return steps[WARM_UP:]


def middle(steps: list[dict[str, Any]], key: str) -> float:
    return statistics.median(step.get(key, 0.0) for step in steps)


def phases(found: dict[str, list[list[dict[str, Any]]]]) -> Table:
    """Seconds of each phase that verl times, of all runs of a kind."""
    table = Table("phase", *found, title="seconds of a step, medians", title_justify="left")
    every = {name: [step for steps in runs for step in warm(steps)] for name, runs in found.items()}
    keys = dict.fromkeys(key for steps in every.values() for step in steps for key in step)
    for key in keys:
        if key.startswith("timing_s/"):
            table.add_row(key.removeprefix("timing_s/"), *(f"{middle(steps, key):.3f}" for steps in every.values()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of verl, for both")
    parser.add_argument("--model", help="folder or hub name; without it an untrained model of 0.1M parameters")
    parser.add_argument("--device", choices=["gpu", "cpu"], default="gpu")
    parser.add_argument("--attention", choices=ATTENTIONS, help="of the training; flash where flash-attn is installed")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--repeat", type=int, default=1, metavar="TIMES")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for the logs and metrics; must not exist")
    args = parser.parse_args()
    console = Console()
    last = [*job(args.model, args.steps), *args.overrides]
    if args.device == "gpu":
        last = [*on_gpu(args.attention), *last]
    found: dict[str, list[list[dict[str, Any]]]] = {STOCK: [], OURS: []}
    with tempfile.TemporaryDirectory() as temporary:
        root = (args.keep or Path(temporary, "runs")).resolve()  # a job runs in a folder of its own
        root.mkdir(parents=True)
        for time in range(args.repeat):
            for name, (overrides, env) in list(variants(args.device).items())[:: -1 if time % 2 else 1]:
                with console.status(f"{name}, {time + 1} of {args.repeat}"):
                    found[name].append(run([*overrides, *last], env, root / f"{time + 1}-{name.replace(' + ', '-')}"))
    table = Table(title=f"one job on {args.device}, medians after the first step", title_justify="left")
    for column in ("", "steps", "s / step", "tokens / s", "probs differ by", "KL coefficients of the worker", "GB"):
        table.add_column(column)
    for name, runs in found.items():
        table.add_row(*row(name, runs))
    console.print(table, phases(found))
    ours, stock = (statistics.median(middle(warm(steps), STEP) for steps in found[name]) for name in (OURS, STOCK))
    console.print(f"a step takes {ours / stock:.3f} times stock verl's")


if __name__ == "__main__":
    main()
