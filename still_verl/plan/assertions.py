"""What verl and vLLM assert of a job once it runs, some of it hours in: evaluated before, each with what to change.

Memory is not looked at here (`fixes` does). `repair` makes the changes, so that a plan is of what would run.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job

_AR = "actor_rollout_ref"


@dataclass(frozen=True)
class Broken:
    """An assertion that does not hold.

    Attributes:
        problem: the setting, its value and who refuses it.
        override: what to type.
        job: the job with it.
    """

    problem: str
    override: str
    job: Job


Assertion = Callable[[Job, Hardware], Iterator[Broken]]


def repair(job: Job, hardware: Hardware) -> tuple[Job, list[Broken]]:
    """Change a job until every assertion holds; the list says what was changed, in this order."""
    found: list[Broken] = []
    for assertion in ASSERTIONS:
        for broken in assertion(job, hardware):
            found.append(broken)
            job = broken.job
    return job, found


def update_budget(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at the tokens of a micro-batch: verl puts no sequence into two (`rearrange_micro_batches`)."""
    least = -(-job.max_length // job.sequence_parallel)
    key = f"{_AR}.actor.ppo_max_token_len_per_gpu"
    if job.update_tokens < least:
        changed = replace(job, update_tokens=least)
        yield Broken(_too_few(key, job.update_tokens, job), f"{key}={least}", changed)


def logprob_budget(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at the tokens of a micro-batch of log-probs, which follow those of the update unless they are set."""
    least = -(-job.max_length // job.sequence_parallel)
    key = f"{_AR}.rollout.log_prob_max_token_len_per_gpu"
    if job.logprob_tokens < least:
        changed = replace(job, logprob_tokens=least)
        yield Broken(_too_few(key, job.logprob_tokens, job), f"{key}={least}", changed)


def _too_few(key: str, tokens: int, job: Job) -> str:
    devices = f" on {job.sequence_parallel} device(s)" if job.sequence_parallel > 1 else ""
    return f"{key}={tokens}: a sequence may have {job.max_length} tokens{devices}; verl ends when one is longer"


def engine_length(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at the length that vLLM is laid out for."""
    key = f"{_AR}.rollout.max_model_len"
    if job.engine_length is not None and job.engine_length < job.max_length:
        problem = f"{key}={job.engine_length}: a sequence may have {job.max_length} tokens, vLLM would cut it"
        yield Broken(problem, f"{key}={job.max_length}", replace(job, engine_length=job.max_length))


def tensor_parallel(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at the division of a model over devices: by vLLM its heads, by verl the devices into replicas."""
    shape, size, key = job.shape, job.tensor_parallel, f"{_AR}.rollout.tensor_model_parallel_size"
    problem = ""
    if shape.heads % size:
        problem = f"{key}={size}: vLLM divides the {shape.heads} attention heads of the model by it, without a rest"
    elif shape.kv_heads % size and size % shape.kv_heads:
        problem = f"{key}={size}: neither divides the {shape.kv_heads} heads of keys and values nor is a multiple"
    elif size <= hardware.count and hardware.count % size:
        problem = f"{key}={size}: verl divides the {hardware.count} devices into replicas of it, without a rest"
    if problem:
        fits = nearest(size, [width for width in range(1, hardware.count + 1) if divides(job, hardware, width)])
        yield Broken(problem, f"{key}={fits}", replace(job, tensor_parallel=fits))


def divides(job: Job, hardware: Hardware, size: int) -> bool:
    """Say whether a replica may have `size` devices."""
    kv_heads = job.shape.kv_heads
    return job.shape.heads % size == 0 and hardware.count % size == 0 and 0 in (kv_heads % size, size % kv_heads)


def sequence_parallel(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at Ulysses: it hands heads from device to device."""
    size, key = job.sequence_parallel, f"{_AR}.actor.fsdp_config.ulysses_sequence_parallel_size"
    if job.shape.heads % size == 0 and hardware.count % size == 0:
        return
    problem = f"{key}={size}: verl divides {job.shape.heads} heads and {hardware.count} devices by it, without a rest"
    fits = nearest(size, [n for n in range(1, hardware.count + 1) if job.shape.heads % n == hardware.count % n == 0])
    yield Broken(problem, f"{key}={fits}", replace(job, sequence_parallel=fits))


def batch(job: Job, hardware: Hardware) -> Iterator[Broken]:
    """Look at the samples of a step: each device gets as many (verl's `validate_config`)."""
    key, n = "data.train_batch_size", job.samples // job.prompts
    if job.samples % hardware.count == 0:
        return
    step = hardware.count // math.gcd(n, hardware.count)
    prompts = -(-job.prompts // step) * step
    problem = (
        f"{key}={job.prompts}: verl divides its {job.samples} samples over {hardware.count} devices, without a rest"
    )
    changed = replace(job, prompts=prompts, samples=prompts * n, generated=prompts * n)
    yield Broken(problem, f"{key}={prompts}", changed)


def nearest(size: int, choices: list[int]) -> int:
    """Return the least choice that is not below `size`, else the largest."""
    above = [choice for choice in choices if choice >= size]
    return min(above) if above else max(choices)


ASSERTIONS: tuple[Assertion, ...] = (
    tensor_parallel,
    sequence_parallel,
    update_budget,
    logprob_budget,
    engine_length,
    batch,
)
