"""Seconds of a step, phase by phase: each is bound by operations, by memory, or by the network, whichever is slowest.

Roofline: Williams et al. 2009. Decoding reads all weights and the cache of every running sequence for each token
(arXiv 2211.05102, section 2); log-probs and update are matrix products over whole sequences.
"""

import heapq
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from still_verl.plan import calibration as cal
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job, Stage
from still_verl.plan.memory import cache_tokens, shards

Array = np.ndarray


@dataclass(frozen=True)
class StepTime:
    """Seconds of one step, by phase, and the tokens in it."""

    seconds: dict[str, float]
    tokens: float
    longest: float
    concurrency: int

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def response_lengths(count: int, mean: float, longest: float, spread: float = cal.LENGTH_SPREAD) -> Array:
    """`count` evenly spread quantiles of a log-normal with that `mean`, cut at `longest`; shape (count,), ascending."""
    normal = NormalDist()
    z = np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
    low, high = 0.0, 4.0 * longest  # the scale that gives the mean after the cut, by bisection
    shape = np.exp(spread * z)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(middle * shape, longest).mean() < mean else (low, middle)
    return np.minimum(high * shape, longest)


def step_time(job: Job, hardware: Hardware, stage: Stage) -> StepTime:
    """A step of `stage`, with generation, log-probs and update one after another as in verl's synchronous trainer."""
    lengths = response_lengths(job.samples, stage.mean_response, stage.max_response)
    whole = lengths + job.mean_prompt
    tokens, squares = float(whole.sum()), float((whole**2).sum())
    generation, concurrency = generate(job, hardware, stage)
    forward = forward_pass(job, hardware, tokens, squares, stage)
    seconds = {
        "generation": generation,
        "old log-probs": forward if job.old_logprob else 0.0,
        "reference": job.reference_share * forward,
        "update": update(job, hardware, tokens, squares, stage),
        "weight sync": job.shape.parameters * job.rollout_width / cal.SYNC_BANDWIDTH,
    }
    return StepTime(seconds, tokens, float(lengths[-1]), concurrency)


def generate(job: Job, hardware: Hardware, stage: Stage) -> tuple[float, int]:
    """Seconds until the last response of the slowest replica ends, and the sequences that run at once in it."""
    replicas = max(1, hardware.count // job.tensor_parallel)
    everything = response_lengths(job.generated, stage.mean_response, stage.max_response)
    # The slowest replica has the longest response; the rest of its share is typical.
    mine = everything[::-1][::replicas]
    fits = cache_tokens(job, hardware) // int(job.mean_prompt + stage.mean_response)
    slots = max(1, min(job.max_sequences, int(fits), len(mine)))
    order = np.random.default_rng(0).permutation(mine)
    seconds = prefill(job, hardware, len(mine)) + decode(job, hardware, order, slots)
    return seconds + dispatch(job, stage, job.generated), slots


def prefill(job: Job, hardware: Hardware, sequences: int) -> float:
    """Compute-bound; samples of a prompt share it by prefix caching."""
    prompts = -(-sequences * job.prompts // job.samples)
    flops = job.shape.forward_flops(prompts * job.mean_prompt, prompts * job.mean_prompt**2)
    return flops / (job.tensor_parallel * compute(hardware))


def decode(job: Job, hardware: Hardware, lengths: Array, slots: int) -> float:
    """Continuous batching: a sequence that ends makes room for the next; the tail runs with ever fewer."""
    waiting = [int(length) for length in lengths[::-1]]
    running: list[tuple[int, int]] = []  # iterations at which each sequence ends and began
    now, seconds, begun = 0, 0.0, 0
    while waiting or running:
        while waiting and len(running) < slots:
            heapq.heappush(running, (now + max(1, waiting.pop()), now))
            begun += now
        ends = running[0][0]
        # Each running sequence has its prompt and the iterations since it began in the cache.
        cached = len(running) * (job.mean_prompt + (now + ends) / 2) - begun
        seconds += (ends - now) * iteration(job, hardware, len(running), cached)
        while running and running[0][0] == ends:
            begun -= heapq.heappop(running)[1]
        now = ends
    return seconds


def iteration(job: Job, hardware: Hardware, sequences: int, cached: float) -> float:
    """Seconds of one token for each of `sequences`, with `cached` tokens in the cache of the replica."""
    read = job.rollout_width * (job.shape.parameters + cached * job.shape.kv_elements)
    memory = read / (job.tensor_parallel * hardware.device.bandwidth * cal.BANDWIDTH_SHARE)
    flops = job.shape.forward_flops(sequences, 0.0) / (job.tensor_parallel * compute(hardware))
    launch = job.shape.layers * cal.LAYER_SECONDS["eager" if job.eager else "graph"]
    return max(memory, flops) + launch + sequences * cal.SEQUENCE_SECONDS


def forward_pass(job: Job, hardware: Hardware, tokens: float, squares: float, stage: Stage) -> float:
    """Log-probs of every sample under one model."""
    arithmetic = job.shape.forward_flops(tokens, squares) / (hardware.count * compute(hardware))
    micro_batches = -(-tokens // (hardware.count * job.logprob_tokens))
    network = micro_batches * job.width * gather_seconds(job, hardware)
    return (
        max(arithmetic, network)
        + dispatch(job, stage, job.samples)
        + host_traffic(job, hardware, 4 if job.param_offload else 0)
    )


def update(job: Job, hardware: Hardware, tokens: float, squares: float, stage: Stage) -> float:
    """Backward is two forwards; checkpointing adds one. Parameters are gathered twice, gradients scattered once."""
    passes = 4 if job.checkpointing else 3
    arithmetic = passes * job.shape.forward_flops(tokens, squares) / (hardware.count * compute(hardware))
    micro_batches = max(job.updates, -(-tokens // (hardware.count * job.update_tokens)))
    network = micro_batches * (2 * job.width + 4) * gather_seconds(job, hardware)
    moved = (8 if job.param_offload else 0) + (16 if job.optimizer_offload else 0)  # there and back
    return max(arithmetic, network) + dispatch(job, stage, job.samples) + host_traffic(job, hardware, moved)


def compute(hardware: Hardware) -> float:
    """Operations a second that a device does of its peak."""
    return hardware.device.flops * cal.UTILIZATION.get(hardware.name, cal.UTILIZATION["default"])


def gather_seconds(job: Job, hardware: Hardware) -> float:
    """Of all parameters to every device, for each byte of a parameter."""
    group = shards(job, hardware)
    if group == 1:
        return 0.0
    return job.shape.parameters * (group - 1) / group / hardware.bandwidth_between(group)


def dispatch(job: Job, stage: Stage, samples: int) -> float:
    """Of a batch from the driver to the workers and back."""
    return cal.DISPATCH_SECONDS * samples * (job.max_prompt + stage.max_response)


def host_traffic(job: Job, hardware: Hardware, bytes_each: int) -> float:
    return bytes_each * job.shape.parameters / shards(job, hardware) / cal.HOST_BANDWIDTH
