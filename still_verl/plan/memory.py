"""Bytes on one device, phase by phase: verl's hybrid engine trains and rolls out on the same devices in turn.

Sources: parameters, gradients and Adam's moments: ZeRO (arXiv 1910.02054), fp32 master copies as verl's FSDP engine
holds them. Activations and gathered weights: `moments`, compared with live bytes by `benchmarks/plan_memory.py` and
`benchmarks/plan_engine.py`. KV cache: two vectors a layer and token (arXiv 2309.06180).
"""

from dataclasses import dataclass

from still_verl.plan.calibration import RESERVED, ROLLOUT_WORKSPACE
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job
from still_verl.plan.moments import Work, worst_moment


@dataclass(frozen=True)
class Phase:
    """What lies on a device during one phase, in bytes; `free` of them are left."""

    name: str
    parts: dict[str, float]
    memory: float

    @property
    def total(self) -> float:
        """Add up all parts, in bytes."""
        return sum(self.parts.values())

    @property
    def free(self) -> float:
        """Return the bytes that are left; below 0 the phase does not fit."""
        return self.memory - self.total


def phases(job: Job, hardware: Hardware) -> list[Phase]:
    """Lay out the update, a log-prob pass, the weight sync and the rollout, on one device each."""
    made = {
        "update": update(job, hardware),
        "log-probs": log_probs(job, hardware),
        "weight sync": weight_sync(job, hardware),
        "rollout": rollout(job, hardware),
    }
    found = []
    for name, parts in made.items():
        resident = _resident(name, job, hardware)
        found.append(Phase(name, resident | parts, hardware.memory))
    return found


def cache_bytes(job: Job, hardware: Hardware) -> float:
    """Return the bytes of the KV cache on one device: what vLLM's share of the memory leaves beside its weights."""
    if hardware.is_cpu:
        return job.cpu_cache
    share = job.memory_share * hardware.memory
    return max(0.0, share - rollout_weights(job) - ROLLOUT_WORKSPACE)


def cache_tokens(job: Job, hardware: Hardware) -> int:
    """Count the tokens that the KV cache of one replica holds; heads are divided among its devices."""
    per_device = job.shape.kv_elements * job.rollout_width / job.tensor_parallel
    return int(cache_bytes(job, hardware) / per_device)


def rollout_weights(job: Job) -> float:
    """Return the bytes of the rollout's weights on one device; a mixture keeps all experts."""
    return job.shape.parameters * job.rollout_width / job.tensor_parallel


def shards(job: Job, hardware: Hardware) -> int:
    """Count the devices that one copy of the training state is divided among."""
    if job.fsdp_size < 1:  # verl's -1
        return hardware.count
    return min(job.fsdp_size, hardware.count)


def update(job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out forward, backward and Adam, in bytes.

    Gradients accumulate over micro-batches, so everything is there while one runs.
    """
    shard = job.shape.parameters / shards(job, hardware)
    work = Work(
        shape=job.shape,
        tokens=job.update_tokens,
        width=job.width,
        checkpointing=job.checkpointing,
        fused_loss=job.fused_loss,
        scaled_logits=job.scaled_logits,
        gathers=gathers(job, hardware),
    )
    return {"parameters": 4 * shard, "gradients": 4 * shard, "optimizer": 8 * shard, **worst_moment(work)}


def gathers(job: Job, hardware: Hardware) -> bool:
    """Say whether FSDP makes copies of weights: one device that computes in fp32 has nothing to gather or cast."""
    return shards(job, hardware) > 1 or job.width < 4


def gathered(job: Job, hardware: Hardware) -> float:
    """Return the bytes of the weights that a forward pass has gathered: the embeddings and two layers, one fetched.

    A layer of a mixture is gathered with all its experts.
    """
    if not gathers(job, hardware):
        return 0.0
    return job.width * (job.shape.embeddings + 2 * job.shape.layer_parameters)


def log_probs(job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out a forward pass of the actor, in bytes, with the entropy of each token; the reference's is smaller.

    The entropy takes the softmax and its product with the logits: of all tokens, or of a chunk of them in fp32.
    """
    per_token = 4 * job.width * job.shape.hidden + 2 * job.width * job.shape.mlp_size
    return {
        "parameters": 4 * job.shape.parameters / shards(job, hardware),
        "gathered": gathered(job, hardware),
        "activations": job.logprob_tokens * per_token,
        "logits": _with_entropy(job) * job.shape.vocab,
    }


def _with_entropy(job: Job) -> float:
    """Return the bytes for each word of the vocabulary: the logits of a micro-batch, and what their entropy takes."""
    if job.entropy_chunk:
        return job.logprob_tokens * job.width + 3 * 4 * min(job.entropy_chunk, job.logprob_tokens)
    return job.logprob_tokens * 3 * job.width


def weight_sync(job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out the moment, in bytes, when the rollout's weights are back and its cache is not.

    Each tensor is gathered whole, and the next one fetched; the largest is the embedding, or all experts of a layer in
    one tensor (gate and up: two thirds of their parameters).
    """
    largest = float(job.shape.vocab * job.shape.hidden)
    if job.shape.experts is not None:
        largest = max(largest, job.shape.experts.count * job.shape.expert_parameters * 2 / 3)
    return {
        "parameters": 4 * job.shape.parameters / shards(job, hardware),
        "gathered": 2 * job.width * largest,
        "rollout weights": rollout_weights(job),
    }


def rollout(job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out generation, in bytes: vLLM, and the trainer's parameters where they stay."""
    resident = 4 * job.shape.parameters / shards(job, hardware)
    if job.param_offload:
        resident = 0.0
    workspace = float(ROLLOUT_WORKSPACE)
    if hardware.is_cpu:
        workspace = 0.0
    return {
        "parameters": resident,
        "rollout weights": rollout_weights(job),
        "KV cache": cache_bytes(job, hardware),
        "workspace": workspace,
    }


def _resident(phase: str, job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out what a phase finds on its device: contexts, an optimizer that stays, an engine that does not sleep."""
    parts: dict[str, float] = {}
    if not hardware.is_cpu:
        parts["reserved"] = RESERVED
    if phase != "update" and not job.optimizer_offload:
        parts["optimizer"] = 8 * job.shape.parameters / shards(job, hardware)
    if phase != "rollout" and not job.sleeps:
        parts |= {"rollout weights": rollout_weights(job), "KV cache": cache_bytes(job, hardware)}
    return parts
