"""Bytes on one device, phase by phase: verl's hybrid engine trains and rolls out on the same devices in turn.

Sources: parameters, gradients and Adam's moments: ZeRO (arXiv 1910.02054), fp32 master copies as verl's FSDP engine
holds them. Activations: what PyTorch saves for backward in the layers of transformers; counted there and compared
with live bytes by `benchmarks/plan_memory.py`. KV cache: two vectors a layer and token (arXiv 2309.06180).
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
    tokens = job.update_tokens
    return {
        "parameters": 4 * shard,
        "gradients": 4 * shard,
        "optimizer": 8 * shard,
        "gathered": gathered(job, hardware, gradients=True),
        **working_memory(job.shape, tokens, job.width, job.checkpointing, job.fused_loss),
    }


def working_memory(shape: Shape, tokens: int, width: int, checkpointing: bool, fused_loss: bool) -> dict[str, float]:
    """Return the bytes of activations and logits in a micro-batch at the worst moment of its backward pass.

    Two moments compete: the gradient of the logits appears while every saved activation is alive; later, without
    logits, the backward pass of a layer holds that layer's recomputed activations and its own gradients.

    Args:
        shape: of the model.
        tokens: of the micro-batch, on one device.
        width: bytes of a number.
        checkpointing: whether only the inputs of layers are saved.
        fused_loss: whether flash-attn computes the loss.
    """
    layer = layer_activations(shape, width)
    saved = shape.layers * layer
    inside = float(width) * (2 * shape.mlp_size + 4 * shape.hidden)
    if checkpointing:
        saved = float(shape.layers * width * shape.hidden)
        inside += layer
    loss = "fused" if fused_loss else "plain"
    logits = LOGIT_COPIES[loss] * width * shape.vocab
    final_norm = 3 * width * shape.hidden
    if logits + final_norm > inside:
        return {"activations": tokens * (saved + final_norm), "logits": tokens * logits}
    return {"activations": tokens * (saved + inside), "logits": 0.0}


def layer_activations(shape: Shape, width: int) -> float:
    """Return the bytes that one layer saves of one token, where a number has `width` bytes.

    Two norms of three vectors (input, normalised, output), queries and attention output, keys and values, and of the
    MLP gate, activated gate, up and their product. Norms of queries and keys keep two vectors more of each. Every
    routed expert keeps a copy of its input and its output before it is weighted; a shared one its output. Below fp32
    each norm also saves its input in fp32.
    """
    numbers = 6 * shape.hidden + 2 * shape.query_size + 2 * shape.kv_size + 4 * shape.mlp_size
    normed = 2 * shape.hidden  # numbers that enter a norm
    if shape.qk_norm:
        numbers += 2 * (shape.query_size + shape.kv_size)
        normed += shape.query_size + shape.kv_size
    if shape.experts is not None:
        numbers += 2 * shape.experts.active * shape.hidden
        if shape.experts.shared:
            numbers += shape.hidden
    if width < 4:
        return width * numbers + 4 * normed
    return width * numbers


def gathered(job: Job, hardware: Hardware, gradients: bool) -> float:
    """Return the bytes of FSDP's whole copies on one device.

    The root (embeddings) and two layers, one used and one fetched; as gradients the root and one layer. A layer of a
    mixture is gathered with all its experts.
    """
    if shards(job, hardware) == 1 and job.width == 4:
        return 0.0  # nothing to gather, nothing to cast
    root, layer = job.shape.embeddings, job.shape.layer_parameters
    copies = root + 2 * layer
    if gradients:
        copies += root + layer
    return job.width * copies


def log_probs(job: Job, hardware: Hardware) -> dict[str, float]:
    """Lay out a forward pass of the actor, in bytes, with the entropy of each token; the reference's is smaller.

    The entropy takes the softmax and its product with the logits: of all tokens, or of a chunk of them in fp32.
    """
    per_token = 4 * job.width * job.shape.hidden + 2 * job.width * job.shape.mlp_size
    return {
        "parameters": 4 * job.shape.parameters / shards(job, hardware),
        "gathered": gathered(job, hardware, gradients=False),
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
