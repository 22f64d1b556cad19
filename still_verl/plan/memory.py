"""Bytes on one device, phase by phase: verl's hybrid engine trains and rolls out on the same devices in turn.

Sources: parameters, gradients and Adam's moments: ZeRO (arXiv 1910.02054), fp32 master copies as verl's FSDP engine
holds them. Activations: what PyTorch saves for backward in a Qwen2 layer of transformers; counted there and confirmed
to the byte by `benchmarks/plan_memory.py`. KV cache: two vectors a layer and token (arXiv 2309.06180).
"""

from dataclasses import dataclass

from still_verl.plan.calibration import LOGIT_COPIES, RESERVED, ROLLOUT_WORKSPACE
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job
from still_verl.plan.shape import Shape


@dataclass(frozen=True)
class Phase:
    """What lies on a device during one phase, in bytes; `free` of them are left."""

    name: str
    parts: dict[str, float]
    memory: float

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    @property
    def free(self) -> float:
        return self.memory - self.total


def phases(job: Job, hardware: Hardware) -> list[Phase]:
    """The update, a log-prob pass, the weight sync and the rollout, on one device each."""
    made = {
        "update": update(job, hardware),
        "log-probs": log_probs(job, hardware),
        "weight sync": weight_sync(job, hardware),
        "rollout": rollout(job, hardware),
    }
    return [Phase(name, _everywhere(name, job, hardware) | parts, hardware.memory) for name, parts in made.items()]


def cache_bytes(job: Job, hardware: Hardware) -> float:
    """Of the KV cache on one device: what vLLM's share of the memory leaves beside its weights."""
    if hardware.name == "CPU":
        return job.cpu_cache
    share = job.memory_share * hardware.memory
    return max(0.0, share - rollout_weights(job) - ROLLOUT_WORKSPACE)


def cache_tokens(job: Job, hardware: Hardware) -> int:
    """Tokens that the KV cache of one replica holds; heads are divided among its devices."""
    per_device = job.shape.kv_elements * job.rollout_width / job.tensor_parallel
    return int(cache_bytes(job, hardware) / per_device)


def rollout_weights(job: Job) -> float:
    return job.shape.parameters * job.rollout_width / job.tensor_parallel


def shards(job: Job, hardware: Hardware) -> int:
    """Devices that one copy of the training state is divided among."""
    return hardware.count if job.fsdp_size < 1 else min(job.fsdp_size, hardware.count)


def update(job: Job, hardware: Hardware) -> dict[str, float]:
    """Forward, backward and Adam. Gradients accumulate, so everything is there while a micro-batch runs."""
    shard = job.shape.parameters / shards(job, hardware)
    tokens = job.update_tokens
    return {
        "parameters": 4 * shard,
        "gradients": 4 * shard,
        "optimizer": 8 * shard,
        "gathered": gathered(job, hardware, gradients=True),
        **working_memory(job.shape, tokens, job.width, job.checkpointing, job.fused_loss),
    }


def working_memory(shape: Shape, tokens: int, width: int, checkpointing: bool, fused_loss: bool) -> dict[str, float]:
    """Activations and logits of one micro-batch of `tokens` at the worst moment of its backward pass.

    Two moments compete: the gradient of the logits appears while every saved activation is alive; later, without
    logits, the backward pass of a layer holds that layer's recomputed activations and its own gradients.
    """
    layer = layer_activations(shape, width)
    saved = shape.layers * (width * shape.hidden if checkpointing else layer)
    final_norm = 3 * width * shape.hidden
    logits = LOGIT_COPIES["fused" if fused_loss else "plain"] * width * shape.vocab
    inside = (layer if checkpointing else 0) + width * (2 * shape.intermediate + 4 * shape.hidden)
    if logits + final_norm > inside:
        return {"activations": tokens * (saved + final_norm), "logits": tokens * logits}
    return {"activations": tokens * (saved + inside), "logits": 0.0}


def layer_activations(shape: Shape, width: int) -> float:
    """Bytes that one layer saves of one token.

    Two norms of three vectors (input, normalised, output), queries and attention output, keys and values, and of the
    MLP gate, activated gate, up and their product. Below fp32 each norm also saves its input in fp32.
    """
    numbers = 6 * shape.hidden + 2 * shape.query_size + 2 * shape.kv_size + 4 * shape.intermediate
    return width * numbers + (8 * shape.hidden if width < 4 else 0)


def gathered(job: Job, hardware: Hardware, gradients: bool) -> float:
    """FSDP's whole copies: the root (embeddings) and two layers, one used and one fetched; as gradients one layer."""
    if shards(job, hardware) == 1 and job.width == 4:
        return 0.0
    root, layer = job.shape.embeddings, job.shape.layer_parameters
    return job.width * (root + 2 * layer) + (job.width * (root + layer) if gradients else 0.0)


def log_probs(job: Job, hardware: Hardware) -> dict[str, float]:
    """A forward pass of the actor, with the entropy of each token; the reference's is smaller."""
    per_token = 4 * job.width * job.shape.hidden + 2 * job.width * job.shape.intermediate
    return {
        "parameters": 4 * job.shape.parameters / shards(job, hardware),
        "gathered": gathered(job, hardware, gradients=False),
        "activations": job.logprob_tokens * per_token,
        "logits": job.logprob_tokens * 3 * job.width * job.shape.vocab,
    }


def weight_sync(job: Job, hardware: Hardware) -> dict[str, float]:
    """The rollout's weights are back, its cache is not; each tensor is gathered whole, the embedding the largest."""
    embedding = job.shape.vocab * job.shape.hidden
    return {
        "parameters": 4 * job.shape.parameters / shards(job, hardware),
        "gathered": 2 * job.width * embedding,
        "rollout weights": rollout_weights(job),
    }


def rollout(job: Job, hardware: Hardware) -> dict[str, float]:
    resident = 0.0 if job.param_offload else 4 * job.shape.parameters / shards(job, hardware)
    return {
        "parameters": resident,
        "rollout weights": rollout_weights(job),
        "KV cache": cache_bytes(job, hardware),
        "workspace": ROLLOUT_WORKSPACE if hardware.name != "CPU" else 0.0,
    }


def _everywhere(phase: str, job: Job, hardware: Hardware) -> dict[str, float]:
    """What a phase finds on its device: the contexts, an optimizer that stays, a rollout engine that does not sleep."""
    parts = {"reserved": RESERVED if hardware.name != "CPU" else 0.0}
    if phase != "update" and not job.optimizer_offload:
        parts["optimizer"] = 8 * job.shape.parameters / shards(job, hardware)
    if phase != "rollout" and not job.sleeps:
        parts |= {"rollout weights": rollout_weights(job), "KV cache": cache_bytes(job, hardware)}
    return parts
