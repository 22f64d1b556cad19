"""Published totals of whole runs, each with the configuration that it ran with: the data of `plan_whole_runs.py`.

A run is here if its source says what it took (GPU hours, or hours on so many devices of a kind), the model, the
batch, the lengths and the steps; if it trains all parameters; and if generation and training share the devices in turn,
as in verl's synchronous trainer. Looked at and not used, for what is missing: Light-R1 14B (batch and samples), ProRL
(when it drew 16 samples and when 32), DeepCoder 14B and Oat-Zero 7B (steps), FastCuRL, Skywork-OR1 and POLARIS (hours).
Open-RS and the guide of AReaL 0.2 keep devices for generation alone.

What a source does not say is the same for all runs: vLLM's share is 0.8, tensor parallelism the least with which a
replica fits, vLLM runs with CUDA graphs, micro-batches hold 32,768 tokens or the longest sequence, nothing is offloaded
or validated, prompts are a quarter of their limit, responses as long as the planner assumes.

**The split**, written down before any of these runs was planned: the projects in alphabetical order; every second one,
beginning with the first, is fitted, the others are held out. Whole projects, for the runs of one are alike.

**Corrected** after the first plan had been looked at, each from a source that says so: Archer's script has three epochs
a step, micro-batches of one sequence, prompts of 2,048 and vLLM without CUDA graphs; JustRL has micro-batches of one
sequence; the 32B of AReaL's paper ran on vLLM, which verl then started without CUDA graphs. Oat-Zero 7B was taken out:
20 epochs of its script were 1,250 steps, the figures of its paper end at 350, and nobody says which the 27 hours were.
"""

from dataclasses import dataclass, replace

from still_verl.plan.calibration import PROMPT_SHARE
from still_verl.plan.job import Job, Stage
from still_verl.plan.lengths import mean_length
from still_verl.plan.models import KNOWN


@dataclass(frozen=True)
class Part:
    """A stretch of a run on one set of devices."""

    hardware: str
    job: Job


@dataclass(frozen=True)
class Published:
    """A whole run.

    Attributes:
        project: whose; runs of a project are never divided between fit and test.
        hours: GPU hours that it took.
        sources: where the total and the configuration are said.
        note: what in them is open to doubt.
    """

    project: str
    name: str
    hours: float
    parts: tuple[Part, ...]
    sources: tuple[str, ...]
    note: str = ""


def job(model: str, prompts: int, n: int, updates: int, limits: tuple[int, int], steps: int, **more: object) -> Job:
    """Lay out a job; `limits` are tokens of prompt and response, `more` what its source says beyond that."""
    shape, (max_prompt, max_response) = KNOWN[model], limits
    mean = more.pop("mean", mean_length(model, max_response))
    longest = max_prompt + max_response
    laid_out = Job(
        name=model,
        shape=shape,
        stages=(Stage(steps, max_response, float(str(mean))),),
        max_prompt=max_prompt,
        mean_prompt=PROMPT_SHARE * max_prompt,
        prompts=prompts,
        samples=prompts * n,
        generated=prompts * n,
        updates=updates,
        reference_share=0.0,
        old_logprob_share=1.0,
        width=2,
        rollout_width=2,
        checkpointing=True,
        fused_loss=True,
        update_tokens=max(32768, longest),
        logprob_tokens=max(32768, longest),
        sequence_parallel=1,
        fsdp_size=-1,
        param_offload=False,
        optimizer_offload=False,
        tensor_parallel=1,
        memory_share=0.8,
        max_sequences=1024,
        sleeps=True,
        eager=False,
        cpu_cache=0,
        devices=0,
        devices_per_node=8,
        validation_longest=max_response,
    )
    return replace(laid_out, **more)  # type: ignore[arg-type]


R1_DISTILL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-"

ARCHER = (
    "https://arxiv.org/abs/2507.15778, section 5.1 and table 6",
    "https://github.com/wizard-III/ArcherCodeR, scripts/train and verl/trainer/config/ppo_trainer.yaml at 8a1785b",
)
AREAL = (
    "https://arxiv.org/abs/2505.24298, tables 1 and 3, read in a transcription",
    "https://github.com/inclusionAI/AReaL, examples/README.md of v0.2: 8 H800 a node",
    "https://github.com/volcengine/verl, ppo_trainer.yaml at c59ab2f47 (May 2025): vLLM without CUDA graphs",
)
AREAL_NOTE = "the verl baseline; its hours are the authors' estimate with verl's code of then"
JUSTRL = "https://arxiv.org/abs/2512.16649, sections 3.1, 4.1 and 4.2, table 2"
DEEPSCALER = (
    "https://pretty-radio-b75.notion.site/19681902c1468005bed8ca303013a4e2: 3,800 A100 hours, stages begin at steps "
    "1,040 and 1,520, about 1,750 in all",
    "https://github.com/agentica-project/rllm, scripts/deepscaler at 874daa4: batches, samples, devices, validation",
    "https://github.com/nick7nlp/FastCuRL, fastcurl/verl at 60c6e06: that verl ran without CUDA graphs",
)
SIMPLERL = (
    "https://github.com/hkust-nlp/simpleRL-reason, README.md and train_grpo_math_tune_ray.sh at cf1c785",
    "ppo_trainer.yaml there: without CUDA graphs",
)


def _archer(steps: int) -> tuple[Part, ...]:
    """Lay out a run of Archer: 64 x 16, mini-batches of 32, three epochs, a KL loss, micro-batches of one sequence."""
    laid_out = job(R1_DISTILL + "1.5B", 64, 16, 6, (2048, 32768), steps, reference_share=1.0, eager=True, epochs=3)
    batches = replace(laid_out, update_rows=1, logprob_rows=1, memory_share=0.75, save_every=10)
    return (Part("16xH800", batches),)


def _areal(size: str, nodes: int, steps: int, **more: object) -> tuple[Part, ...]:
    """Lay out a baseline of AReaL's paper: 512 x 16, four mini-batches, no reference."""
    laid_out = job(R1_DISTILL + size, 512, 16, 4, (1024, 27648), steps, **more)
    return (Part(f"{8 * nodes}xH800", laid_out),)


def _deepscaler(hardware: str, n: int, longest: int, steps: int, every: int) -> Part:
    """Lay out a stage of DeepScaleR: 128 prompts, mini-batches of 64, a KL loss, AIME every so many steps."""
    laid_out = job(R1_DISTILL + "1.5B", 128, n, 2, (1024, longest), steps, reference_share=1.0, eager=True)
    checked = replace(laid_out, memory_share=0.85, test_every=every, save_every=every, validation_n=n)
    return Part(hardware, replace(checked, validates_before=True))


def _justrl(steps: int, **more: object) -> tuple[Part, ...]:
    """Lay out a run of JustRL: 256 x 8, mini-batches of 64, no KL, micro-batches of one sequence."""
    laid_out = job(R1_DISTILL + "1.5B", 256, 8, 4, (1024, 15360), steps, update_rows=1, **more)
    return (Part("32xA800", laid_out),)


def _simplerl(size: str, hardware: str, tensor_parallel: int, devices: int) -> tuple[Part, ...]:
    """Lay out a run of SimpleRL-Zoo: 1,024 x 8, mini-batches of 256, a KL loss, micro-batches of 2, or 160 in all."""
    laid_out = job(f"Qwen/Qwen2.5-{size}", 1024, 8, 4, (1024, 8192), 100, reference_share=1.0, eager=True)
    batches = replace(laid_out, memory_share=0.75, update_rows=2, logprob_rows=max(1, 160 // devices))
    checked = replace(batches, test_every=5, save_every=5, validation_rows=500)
    return (Part(hardware, replace(checked, tensor_parallel=tensor_parallel)),)


RUNS = (
    Published("Archer", "Archer-Math 1.5B", 1900, _archer(520), ARCHER),
    Published("Archer", "Archer-Code 1.5B", 1000, _archer(320), ARCHER),
    Published("AReaL", "verl in AReaL's paper, 1.5B", 128 * 33.6, _areal("1.5B", 16, 250), AREAL, AREAL_NOTE),
    Published("AReaL", "the same, 7B", 192 * 52.1, _areal("7B", 24, 250), AREAL, AREAL_NOTE),
    Published("AReaL", "the same, 14B, code", 256 * 44.4, _areal("14B", 32, 80), AREAL, AREAL_NOTE),
    Published(
        "AReaL",
        "the same, 32B, code",
        384 * 46.4,
        _areal("32B", 48, 60, tensor_parallel=2, eager=True),
        AREAL,
        AREAL_NOTE,
    ),
    Published(
        "DeepScaleR",
        "DeepScaleR 1.5B",
        3800,
        (
            _deepscaler("8xA100", 8, 8192, 1040, 20),
            _deepscaler("32xA100", 16, 16384, 480, 10),
            _deepscaler("32xA100", 16, 24576, 230, 10),
        ),
        DEEPSCALER,
    ),
    # Of this run the source says the lengths: about 8,000 tokens, 4,000 to 5,000 from step 1,000 on.
    Published("JustRL", "JustRL-DeepSeek 1.5B", 32 * 15 * 24, _justrl(4380, mean=4900.0), (JUSTRL,)),
    Published("JustRL", "JustRL-Nemotron 1.5B", 32 * 15 * 24, _justrl(3440), (JUSTRL,)),
    Published("SimpleRL-Zoo", "SimpleRL-Zoo 7B", 16 * 15, _simplerl("7B", "16xH100", 2, 16), SIMPLERL),
    Published("SimpleRL-Zoo", "SimpleRL-Zoo 14B", 16 * 15, _simplerl("14B", "16xH100", 2, 16), SIMPLERL),
    Published(
        "SimpleRL-Zoo",
        "SimpleRL-Zoo 32B",
        64 * 36,
        _simplerl("32B", "64xH100", 8, 64),
        SIMPLERL,
        "steps: those of the 7B, on the same data",
    ),
)


def halves() -> tuple[list[Published], list[Published]]:
    """Split the runs by the rule above: those that are fitted, and those that are held out."""
    projects = sorted({run.project for run in RUNS}, key=str.lower)
    fitted = [run for run in RUNS if run.project in projects[::2]]
    held_out = [run for run in RUNS if run.project in projects[1::2]]
    return fitted, held_out
