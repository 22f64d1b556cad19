"""How far is the planner's step from published ones?

    python benchmarks/plan_published.py

No log publishes its mean response length together with its timings, so the length is the one number taken from each
run: that with which the planned update takes as long as the logged one. Everything else is a prediction.
"""

from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table

from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, Stage
from still_verl.plan.models import KNOWN
from still_verl.plan.roofline import StepTime, response_lengths, step_time, update

# Common to verl's DAPO scripts: 512 prompts x 16, 32 prompts an update, TP 4, dynamic batches, checkpointing.
DAPO = Job(
    name="DAPO",
    shape=KNOWN["Qwen/Qwen2.5-Math-7B"],
    stages=(),
    max_prompt=2048,
    mean_prompt=170,  # of DAPO-Math-17k, as logged in verl issue 816
    prompts=512,
    samples=8192,
    generated=8192,
    updates=16,
    reference_share=0.0,
    old_logprob_share=1.0,
    width=2,
    rollout_width=2,
    checkpointing=True,
    fused_loss=True,
    update_tokens=2 * 30720,
    logprob_tokens=3 * 30720,
    sequence_parallel=4,
    fsdp_size=8,
    param_offload=False,
    optimizer_offload=False,
    tensor_parallel=4,
    memory_share=0.8,
    max_sequences=1024,
    sleeps=True,
    eager=False,
    cpu_cache=0,
    devices=0,
    devices_per_node=8,
)
# The script's: dynamic sampling draws three times the prompts, everything is offloaded, vLLM 0.8 without graphs.
DAPO_32B = replace(
    DAPO,
    shape=KNOWN["Qwen/Qwen2.5-32B"],
    generated=3 * 8192,
    reference_share=1.0,
    update_tokens=22528,
    logprob_tokens=22528,
    fsdp_size=-1,
    param_offload=True,
    optimizer_offload=True,
    eager=True,
)


@dataclass(frozen=True)
class Run:
    """A published step: what it ran on, its longest response, and its logged seconds by the planner's phases."""

    name: str
    job: Job
    hardware: str
    longest: int
    logged: dict[str, float]


def _run(name: str, job: Job, hardware: str, longest: int, *seconds: float) -> Run:
    phases = ("generation", "old log-probs", "update", "reference")
    return Run(name, job, hardware, longest, dict(zip(phases, seconds, strict=False)))


RUNS = (
    _run("verl docs, one_step_off: 7B", DAPO, "16xH20-96G", 20480, 321, 88, 286),
    _run("verl docs, fully_async: 7B", DAPO, "32xH20-96G", 28672, 357.41, 107.71, 313.81),
    _run("verl docs, fully_async: 7B", DAPO, "64xH20-96G", 28672, 150.72, 70.26, 133.41),
    _run("verl docs, fully_async: 7B", DAPO, "128xH20-96G", 28672, 177.85, 53.92, 113.81),
    _run("verl issue 1458: DAPO log", DAPO_32B, "128xH800-80G", 20480, 1400, 39, 75, 41),
)


def mean_length(run: Run) -> float:
    """Find the tokens of the average response, from the logged seconds of the update; by bisection."""
    hardware = parse_hardware(run.hardware)
    low, high = 1.0, run.longest * 0.9
    for _ in range(25):
        middle = (low + high) / 2
        whole = response_lengths(run.job.samples, middle, run.longest) + run.job.mean_prompt
        stage = Stage(1, run.longest, middle)
        seconds = update(run.job, hardware, whole, stage)
        if seconds < run.logged["update"]:
            low = middle
        else:
            high = middle
    return high


def predict(run: Run) -> StepTime:
    """Plan the step of a run, with the length that its update tells."""
    stage = Stage(1, run.longest, mean_length(run))
    return step_time(replace(run.job, stages=(stage,)), parse_hardware(run.hardware), stage)


def main() -> None:
    """Print logged and planned seconds of each run, phase by phase."""
    table = Table(
        "run", "on", "mean tokens", "phase", "logged s", "planned s", "error", "logged share", "planned share"
    )
    for run in RUNS:
        time = predict(run)
        logged, planned = sum(run.logged.values()), sum(time.seconds[phase] for phase in run.logged)
        for phase, seconds in run.logged.items():
            mine = time.seconds[phase]
            head = (run.name, run.hardware, f"{mean_length(run):,.0f}") if phase == "generation" else ("", "", "")
            shares = (f"{seconds / logged:.1%}", f"{mine / planned:.1%}")
            table.add_row(*head, phase, f"{seconds:.0f}", f"{mine:.0f}", f"{mine / seconds - 1:+.0%}", *shares)
        table.add_section()
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
