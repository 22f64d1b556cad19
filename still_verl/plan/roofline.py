"""Seconds of a step, phase by phase: each is bound by operations, by memory, or by the network, whichever is slowest.

Roofline: Williams et al. 2009. Decoding reads all weights and the cache of every running sequence for each token
(arXiv 2211.05102, section 2); log-probs and update are matrix products over whole sequences.
"""

import heapq
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from still_verl.plan import calibration as cal
from still_verl.plan.flops import forward_flops, token_flops
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job, Stage
from still_verl.plan.memory import cache_tokens, shards

Array = np.ndarray


@dataclass(frozen=True)
class StepTime:
    """Seconds of one step, by phase, and what runs in it.

    Attributes:
        tokens: tokens of all prompts and responses.
        longest: tokens of the longest response.
        concurrency: sequences that run at once in one replica.
    """

    seconds: dict[str, float]
    tokens: float
    longest: float
    concurrency: int

    @property
    def total(self) -> float:
        """Add up the seconds of all phases."""
        return sum(self.seconds.values())


def response_lengths(count: int, mean: float, longest: float, spread: float = cal.LENGTH_SPREAD) -> Array:
    """Return the lengths of a step's responses in tokens, shape (count,), ascending.

    They are evenly spread quantiles of a log-normal with that `mean`, cut at `longest`; `spread` is the standard
    deviation of the logarithm.
    """
    normal = NormalDist()
    z = np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
    uncut = np.exp(spread * z)
    low, high = 0.0, 4.0 * longest  # the scale that gives the mean after the cut, by bisection
    for _ in range(60):
        middle = (low + high) / 2
        if np.minimum(middle * uncut, longest).mean() < mean:
            low = middle
        else:
            high = middle
    return np.minimum(high * uncut, longest)


def step_time(job: Job, hardware: Hardware, stage: Stage) -> StepTime:
    """Estimate a step of `stage`, one phase after the other as in verl's synchronous trainer."""
    responses = response_lengths(job.samples, stage.mean_response, stage.max_response)
    lengths = responses + job.mean_prompt
    generation, concurrency = generate(job, hardware, stage)
    forward = forward_pass(job, hardware, lengths, stage)
    seconds = {
        "generation": generation,
        "old log-probs": job.old_logprob_share * forward,
        "reference": job.reference_share * forward,
        "update": update(job, hardware, lengths, stage),
        "weight sync": job.shape.parameters * job.rollout_width / cal.SYNC_BANDWIDTH,
    }
    return StepTime(seconds, float(lengths.sum()), float(responses[-1]), concurrency)


def generate(job: Job, hardware: Hardware, stage: Stage) -> tuple[float, int]:
    """Estimate the seconds until the slowest replica ends its last response, and count what runs at once in it."""
    replicas = max(1, hardware.count // job.tensor_parallel)
    everything = response_lengths(job.generated, stage.mean_response, stage.max_response)
    # The slowest replica has the longest response; the rest of its share is typical.
    mine = everything[::-1][::replicas]
    fits = cache_tokens(job, hardware) // int(job.mean_prompt + stage.mean_response)
    slots = max(1, min(job.max_sequences, int(fits), len(mine)))
    order = np.random.default_rng(0).permutation(mine)
    seconds = prefill(job, hardware, len(mine)) + decode(job, hardware, order, slots)
    return seconds + dispatch(job, hardware, stage, "generation"), slots


def prefill(job: Job, hardware: Hardware, sequences: int) -> float:
    """Estimate the seconds of reading the prompts: bound by compute; samples of a prompt share it (prefix caching)."""
    prompts = -(-sequences * job.prompts // job.samples)
    flops = forward_flops(job.shape, prompts * [job.mean_prompt])
    return flops / (job.tensor_parallel * compute(hardware))


def decode(job: Job, hardware: Hardware, lengths: Array, slots: int) -> float:
    """Estimate the seconds of decoding responses of these `lengths` in one replica, `slots` at once.

    Batching is continuous: where a sequence ends, the next one starts; at the end ever fewer run.
    """
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
    """Estimate the seconds of one token for each of `sequences`, with `cached` tokens in the cache of the replica."""
    read = job.rollout_width * (job.shape.parameters_read(sequences) + cached * job.shape.kv_elements)
    memory = read / (job.tensor_parallel * hardware.device.bandwidth * cal.BANDWIDTH_SHARE)
    arithmetic = sequences * token_flops(job.shape) / (job.tensor_parallel * compute(hardware))
    mode = "eager" if job.eager else "graph"
    launch = job.shape.layers * cal.LAYER_SECONDS[mode]
    return max(memory, arithmetic) + hardware.slowness * (launch + sequences * cal.SEQUENCE_SECONDS)


def forward_pass(job: Job, hardware: Hardware, lengths: Array, stage: Stage) -> float:
    """Estimate the seconds of the log-probs of every sample under one model; `lengths` are whole sequences."""
    arithmetic = forward_flops(job.shape, lengths.tolist()) / (hardware.count * compute(hardware))
    batches = micro_batches(job, hardware, lengths, job.logprob_tokens, job.logprob_rows)
    network = batches * job.width * gather_seconds(job, hardware)
    loaded = 4 if job.param_offload else 0  # bytes a parameter
    seconds = max(arithmetic, network) + dispatch(job, hardware, stage, "forward") + host_traffic(job, hardware, loaded)
    return float(seconds)


def update(job: Job, hardware: Hardware, lengths: Array, stage: Stage) -> float:
    """Estimate the seconds of a step's updates; `lengths` are whole sequences.

    Backward is two forwards; checkpointing adds one. Parameters are gathered twice, gradients scattered once.
    """
    passes = (4 if job.checkpointing else 3) * job.epochs
    arithmetic = passes * forward_flops(job.shape, lengths.tolist()) / (hardware.count * compute(hardware))
    batches = job.epochs * micro_batches(job, hardware, lengths, job.update_tokens, job.update_rows)
    network = max(job.updates, batches) * (2 * job.width + 4) * gather_seconds(job, hardware)
    moved = 0  # bytes a parameter, there and back
    if job.param_offload:
        moved += 8
    if job.optimizer_offload:
        moved += 16
    seconds = max(arithmetic, network) + dispatch(job, hardware, stage, "update") + host_traffic(job, hardware, moved)
    return float(seconds)


def micro_batches(job: Job, hardware: Hardware, lengths: Array, tokens: int, rows: int) -> float:
    """Count the micro-batches of one device in a pass over whole sequences of these `lengths`.

    Each is filled up to `tokens`, or has `rows` sequences, however short they are; devices that split a sequence share
    one.
    """
    if rows:
        return float(-(-len(lengths) * job.sequence_parallel // (hardware.count * rows)))
    return float(-(-lengths.sum() // (hardware.count * tokens)))


def compute(hardware: Hardware) -> float:
    """Return the operations a second that one device does of its peak."""
    if hardware.device.measured:
        return hardware.flops * cal.MEASURED_UTILIZATION
    return hardware.flops * cal.UTILIZATION.get(hardware.name, cal.UTILIZATION["default"])


def gather_seconds(job: Job, hardware: Hardware) -> float:
    """Estimate the seconds to gather all parameters on every device at one byte each; multiply by their width."""
    group = shards(job, hardware)
    if group == 1:
        return 0.0
    return job.shape.parameters * (group - 1) / group / hardware.bandwidth_between(group)


def dispatch(job: Job, hardware: Hardware, stage: Stage, phase: str) -> float:
    """Estimate the seconds to send the samples of a `phase` from the driver to the workers and back."""
    samples = job.generated if phase == "generation" else job.samples
    if hardware.is_cpu:
        return hardware.slowness * cal.CPU_SAMPLE_SECONDS[phase] * samples
    return cal.DISPATCH_SECONDS * samples * (job.max_prompt + stage.max_response)


def host_traffic(job: Job, hardware: Hardware, bytes_each: int) -> float:
    """Estimate the seconds to move `bytes_each` of every parameter between a device and its host."""
    return bytes_each * job.shape.parameters / shards(job, hardware) / cal.HOST_BANDWIDTH
