"""What to change where a job does not fit: overrides to type, tried in the order of what they cost."""

from dataclasses import dataclass, replace

from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job
from still_verl.plan.memory import cache_tokens, phases

MOST_DEVICES = 1024
_AR = "actor_rollout_ref"


@dataclass(frozen=True)
class Advice:
    """`overrides` after which the job fits on `hardware`; `fits` is False where nothing of ours helps."""

    overrides: list[str]
    hardware: Hardware
    fits: bool


def problems(job: Job, hardware: Hardware) -> list[str]:
    """One line for each phase that does not fit; empty when all do."""
    found = [
        f"{phase.name}: needs {phase.total / 2**30:.1f} GiB, the device has {phase.memory / 2**30:.1f}"
        for phase in phases(job, hardware)
        if phase.free < 0
    ]
    if job.tensor_parallel > hardware.count:
        found.append(f"rollout: a replica needs {job.tensor_parallel} devices, there are {hardware.count}")
    elif cache_tokens(job, hardware) < job.max_length:
        found.append(f"rollout: the KV cache holds {cache_tokens(job, hardware)} tokens, one sequence {job.max_length}")
    return found


def advise(job: Job, hardware: Hardware) -> Advice:
    """The first overrides that make the job fit here, else the fewest devices of the same kind with all of them."""
    overrides: list[str] = []
    for change in (_checkpoint, _offload_optimizer, _offload_parameters, *3 * [_halve_batch], *4 * [_split_rollout]):
        if not problems(job, hardware):
            break
        text, changed = change(job, hardware)
        if shortage(changed, hardware) < shortage(job, hardware):
            job, overrides = changed, [*overrides, text]
    while problems(job, hardware) and hardware.count < MOST_DEVICES:
        hardware = replace(hardware, count=2 * hardware.count if hardware.count >= 8 else min(8, 2 * hardware.count))
    return Advice(_latest(overrides), hardware, not problems(job, hardware))


def shortage(job: Job, hardware: Hardware) -> float:
    """Bytes that are missing, over all phases; what the KV cache lacks for one sequence counts too."""
    over = sum(max(0.0, -phase.free) for phase in phases(job, hardware))
    lacking = max(0, job.max_length - cache_tokens(job, hardware))
    per_token = job.shape.kv_elements * job.rollout_width / job.tensor_parallel
    return over + lacking * per_token + (2.0**50 if job.tensor_parallel > hardware.count else 0.0)


def _checkpoint(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.model.enable_gradient_checkpointing=true", replace(job, checkpointing=True)


def _offload_optimizer(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.actor.fsdp_config.optimizer_offload=true", replace(job, optimizer_offload=True)


def _offload_parameters(job: Job, hardware: Hardware) -> tuple[str, Job]:
    return f"{_AR}.actor.fsdp_config.param_offload=true", replace(job, param_offload=True)


def _halve_batch(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Fewer tokens in a micro-batch; below the longest sequence, sequences are split over devices."""
    update, parallel = job.update_tokens // 2, job.sequence_parallel
    while parallel * update < job.max_length:
        parallel *= 2
    if parallel > min(hardware.count, job.shape.heads):
        return "", job
    changed = replace(job, update_tokens=update, logprob_tokens=job.logprob_tokens // 2, sequence_parallel=parallel)
    split = " ".join(f"{_AR}.{role}.fsdp_config.ulysses_sequence_parallel_size={parallel}" for role in ("actor", "ref"))
    tokens = f"{_AR}.actor.ppo_max_token_len_per_gpu={update}"
    return (f"{tokens} {split}" if parallel > job.sequence_parallel else tokens), changed


def _split_rollout(job: Job, hardware: Hardware) -> tuple[str, Job]:
    """Twice the devices for a replica, or as many as there are."""
    parallel = min(2 * job.tensor_parallel, hardware.count, job.shape.kv_heads)
    return f"{_AR}.rollout.tensor_model_parallel_size={parallel}", replace(job, tensor_parallel=parallel)


def _latest(overrides: list[str]) -> list[str]:
    """Single overrides; of one key the last."""
    settings = dict(single.split("=", 1) for text in overrides for single in text.split())
    return [f"{key}={value}" for key, value in settings.items()]
