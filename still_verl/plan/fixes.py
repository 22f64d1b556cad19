"""What to change if a job does not fit: overrides to add, in the order of what they cost in time.

1. The entropy in chunks, and another share of the memory for vLLM: next to nothing.
2. Checkpointing: a third of an update. Offloading: what crosses to the host and back, in each step.
3. Smaller micro-batches, then sequences split over devices; wider replicas, which decode slower on the whole.
4. More devices.
"""

from dataclasses import dataclass, replace

from still_verl.plan.assertions import divides, repair
from still_verl.plan.hardware import GIB, Hardware
from still_verl.plan.job import Job
from still_verl.plan.memory import cache_tokens, phases

MOST_DEVICES = 1024
# Bytes that stand for a replica without enough devices: more than any memory lacks.
UNPLACED = 2.0**50
# Shares of the memory that vLLM may be given, largest first: the more cache, the more sequences run at once.
SHARES = tuple(percent / 100 for percent in range(90, 15, -5))
CHUNK = 2048  # tokens: verl's default
_AR = "actor_rollout_ref"


@dataclass(frozen=True)
class Advice:
    """The `overrides` after which the job fits on `hardware`; `fits` is False where nothing of ours helps."""

    overrides: list[str]
    hardware: Hardware
    fits: bool


def problems(job: Job, hardware: Hardware) -> list[str]:
    """Say in one line for each phase why it does not fit; empty when all do."""
    found = []
    for phase in phases(job, hardware):
        if phase.free < 0:
            has = phase.memory / GIB
            found.append(f"{phase.name}: needs {phase.total / GIB:.1f} GiB, the device has {has:.1f}")
    if job.tensor_parallel > hardware.count:
        found.append(f"rollout: a replica needs {job.tensor_parallel} devices, there are {hardware.count}")
    elif cache_tokens(job, hardware) < job.max_length:
        found.append(f"rollout: the KV cache holds {cache_tokens(job, hardware)} tokens, one sequence {job.max_length}")
    return found


def advise(job: Job, hardware: Hardware) -> Advice:
    """Find the first overrides that make the job fit here, else the fewest devices of this kind with all of them."""
    overrides: list[str] = []
    free = [_chunk_entropy, _choose_share]
    paid = [_checkpoint, _offload_optimizer, _offload_parameters, *3 * [_halve_batch], *4 * [_split_rollout]]
    changes = [*free, *paid, _choose_share]  # what offloading freed, vLLM may have
    for change in changes:
        if not problems(job, hardware):
            break
        text, changed = change(job, hardware)
        if shortage(changed, hardware) < shortage(job, hardware):
            job = changed
            overrides.append(text)
    while problems(job, hardware) and hardware.count < MOST_DEVICES:
        hardware = _with_more_devices(hardware)
        job, broken = repair(job, hardware)  # what divides over few devices need not divide over many
        overrides += [one.override for one in broken]
    return Advice(_latest(overrides), hardware, not problems(job, hardware))


def shortage(job: Job, hardware: Hardware) -> float:
    """Add up the bytes that are missing, over all phases; what the KV cache lacks for one sequence counts too."""
    missing = 0.0
    for phase in phases(job, hardware):
        missing += max(0.0, -phase.free)
    lacking_tokens = max(0, job.max_length - cache_tokens(job, hardware))
    missing += lacking_tokens * job.shape.kv_elements * job.rollout_width / job.tensor_parallel
    if job.tensor_parallel > hardware.count:
        missing += UNPLACED
    return missing


def _with_more_devices(hardware: Hardware) -> Hardware:
    """Double the devices; a job of less than a node first fills that node."""
    count = 2 * hardware.count
    if hardware.count < hardware.node_size:
        count = min(count, hardware.node_size)
    return replace(hardware, count=count)


def _chunk_entropy(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Compute the entropy of so many tokens at once, not of a micro-batch: the same numbers."""
    override = f"{_AR}.actor.entropy_from_logits_with_chunking=true"
    return override, replace(job, entropy_chunk=job.entropy_chunk or CHUNK)


def _choose_share(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Give vLLM the share with which least is missing; of several the one that changes least."""
    ways = [replace(job, memory_share=share) for share in SHARES]
    missing = [shortage(way, hardware) for way in ways]
    best = [way for way, lacks in zip(ways, missing, strict=True) if lacks == min(missing)]
    chosen = min(best, key=lambda way: abs(way.memory_share - job.memory_share))
    return f"{_AR}.rollout.gpu_memory_utilization={chosen.memory_share:g}", chosen


def _checkpoint(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.model.enable_gradient_checkpointing=true", replace(job, checkpointing=True)


def _offload_optimizer(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.actor.fsdp_config.optimizer_offload=true", replace(job, optimizer_offload=True)


def _offload_parameters(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.actor.fsdp_config.param_offload=true", replace(job, param_offload=True)


def _halve_batch(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Put fewer tokens into a micro-batch; below the longest sequence, sequences are split over devices."""
    update, parallel = job.update_tokens // 2, job.sequence_parallel
    while parallel * update < job.max_length:
        parallel *= 2
    if parallel > hardware.count or job.shape.heads % parallel:
        return "", job
    changed = replace(job, update_tokens=update, logprob_tokens=job.logprob_tokens // 2, sequence_parallel=parallel)
    overrides = [f"{_AR}.actor.ppo_max_token_len_per_gpu={update}"]
    if parallel > job.sequence_parallel:
        for role in ("actor", "ref"):
            overrides.append(f"{_AR}.{role}.fsdp_config.ulysses_sequence_parallel_size={parallel}")
    return " ".join(overrides), changed


def _split_rollout(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Divide a replica over twice the devices, or over as many as there are."""
    parallel = min(2 * job.tensor_parallel, hardware.count, job.shape.kv_heads)
    if not divides(job, hardware, parallel):
        return "", job
    return f"{_AR}.rollout.tensor_model_parallel_size={parallel}", replace(job, tensor_parallel=parallel)


def _latest(overrides: list[str]) -> list[str]:
    """Split into single overrides and keep the last of each key, as Hydra would."""
    settings: dict[str, str] = {}
    for single in " ".join(overrides).split():
        key, value = single.split("=", 1)
        settings[key] = value
    return [f"{key}={value}" for key, value in settings.items()]
