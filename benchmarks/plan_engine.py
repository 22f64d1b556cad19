"""How far is the planner's memory of an update from what verl's FSDP2 engine holds of the real models?

    python benchmarks/plan_engine.py

Composes recipes, builds their models in full size from the planner's table of configs, shards them with verl's own
`apply_fsdp2`, and runs a forward and a backward pass of one micro-batch with the recipe's token budget. All tensors are
fake (sizes without memory) and the process group is fake too, so that no accelerator, no weights and hardly any memory
are needed. `torch.distributed._tools.FSDPMemTracker` counts the bytes that are alive on rank 0.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.fsdp2_mem_tracker import FSDPMemTracker
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import AttentionInterface, AutoConfig, AutoModelForCausalLM, PreTrainedModel

from still_verl.plan.compose import job_config
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.known import CONFIGS
from still_verl.plan.memory import update

STEPS = 1  # a length of the run, for recipes that leave it to their data


class FlashCrossEntropy(torch.autograd.Function):
    """flash-attn's cross entropy as far as memory goes: a number a token, and the gradient in place of the logits.

    flash-attn runs on GPUs alone. Its `CrossEntropyLoss` (2.8.3) keeps logits, labels and a sum for each token.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        sums = torch.empty(len(logits))
        ctx.save_for_backward(logits, labels, sums)
        return torch.empty(len(logits))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits: torch.Tensor = ctx.saved_tensors[0]
        return logits.zero_(), None


class FlashAttention(torch.autograd.Function):
    """flash-attn's attention as far as memory goes, forward and backward.

    Its `mha_varlen_bwd` (2.8.3) makes the queries' gradients in fp32 first, and those of keys and values for each head
    of the queries.
    """

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        output = query.new_empty(query.shape)
        sums = torch.empty(query.shape[:-1])
        ctx.save_for_backward(query, key, value, output, sums)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, ...]:
        query, key, value = ctx.saved_tensors[:3]
        made = [torch.empty_like(tensor) for tensor in (query, key, value)]
        expanded = [query.new_empty(query.shape) for _ in range(2)]
        accumulated = torch.empty(query.shape)
        del expanded, accumulated
        return tuple(made)


def attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: None, **settings: Any
) -> tuple[torch.Tensor, None]:
    """Take the place of transformers' `flash_attention_forward`, layouts of tensors included."""
    query, key, value = (tensor.transpose(1, 2) for tensor in (query, key, value))
    return FlashAttention.apply(query, key, value), None


AttentionInterface.register("counted", attend)


@dataclass(frozen=True)
class Counted:
    """Bytes on rank 0 at the worst moment of an update: of verl's engine by kind of tensor, and of the plan by part."""

    name: str
    engine: dict[str, float]
    plan: dict[str, float]

    @property
    def error(self) -> float:
        """Return how far the plan's sum is from the engine's, as a share of the engine's."""
        return sum(self.plan.values()) / sum(self.engine.values()) - 1


@contextmanager
def fake_ranks(count: int) -> Iterator[DeviceMesh]:
    """Make this process rank 0 of `count` ranks; the others do not exist."""
    dist.init_process_group("fake", rank=0, world_size=count, store=FakeStore())
    try:
        yield init_device_mesh("cpu", (count,), mesh_dim_names=("fsdp",))
    finally:
        dist.destroy_process_group()


def compare(overrides: Sequence[str], name: str = "") -> Counted:
    """Count a job's update on the devices that it asks for, in verl's engine and by the planner."""
    config = job_config(list(overrides))
    job = read_job(config, steps=STEPS)
    hardware = parse_hardware(f"{job.devices}xH100-80G")
    with fake_ranks(job.devices) as mesh, FakeTensorMode():
        engine = measure(sharded_model(config, job, mesh), config, job)
    return Counted(name or " ".join(overrides), engine, update(job, hardware))


def sharded_model(config: DictConfig, job: Job, mesh: DeviceMesh) -> PreTrainedModel:
    """Build the actor as verl's FSDP engine does: fp32 shards that are gathered in bf16, gradients reduced in fp32."""
    from verl.utils.fsdp_utils import apply_fsdp2

    settings = config.actor_rollout_ref.actor.fsdp_config
    sizes = AutoConfig.for_model(**CONFIGS[config.actor_rollout_ref.model.path])
    model = AutoModelForCausalLM.from_config(sizes, dtype=torch.float32, attn_implementation="counted")
    if job.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32, cast_forward_inputs=True)
    fsdp = {
        "mesh": mesh,
        "mp_policy": policy,
        "offload_policy": None,
        "reshard_after_forward": settings.reshard_after_forward,
    }
    apply_fsdp2(model, fsdp, settings)
    return model.train()


def measure(model: PreTrainedModel, config: DictConfig, job: Job) -> dict[str, float]:
    """Return the bytes by kind of tensor at the peak of a micro-batch that is not the first of its update."""
    ids = torch.zeros((1, job.update_tokens), dtype=torch.long)
    shards = list(model.parameters())
    for shard in shards:
        shard.grad = torch.zeros_like(shard)
    tracker = FSDPMemTracker(model)
    tracker.track_inputs((ids,))
    with tracker:
        loss(model, ids, config.actor_rollout_ref.rollout.temperature).backward()
    found = tracker.get_tracker_snapshot("peak")[torch.device("cpu")]
    kinds = {str(kind.value): float(size) for kind, size in found.items() if kind != "Total" and size}
    moments = 8 * sum(shard.to_local().numel() for shard in shards)  # Adam's two, in fp32
    return kinds | {"Moments": float(moments)}


def loss(model: PreTrainedModel, ids: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the mean log-prob of a packed micro-batch: what `FSDPEngineWithLMHead.forward_step` computes."""
    from verl.workers.engine.fsdp.transformer_impl import _is_scalar_unit_temperature, _scale_logits_by_temperature

    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(input_ids=ids, use_cache=False).logits.squeeze(0)
        each = torch.full((ids.shape[1], 1), float(temperature))
        unit = _is_scalar_unit_temperature(temperature)
        scaled = _scale_logits_by_temperature(logits, each, is_unit_temperature=unit)
        return FlashCrossEntropy.apply(scaled, ids.roll(-1, 1).squeeze(0)).mean()  # type: ignore[no-any-return]


BUDGET = "actor_rollout_ref.actor.ppo_max_token_len_per_gpu"
MODEL = "actor_rollout_ref.model.path"
CHECKPOINTS = "actor_rollout_ref.model.enable_gradient_checkpointing"
CASES = {
    "zero_1_5b": ["+recipe=zero_1_5b"],
    "zero_7b: temperature 1.2": ["+recipe=zero_7b"],
    "zero_7b_plain": ["+recipe=zero_7b_plain"],
    "the same, 2,048 tokens": ["+recipe=zero_7b_plain", f"{BUDGET}=2048"],
    "the same, 9,216 tokens, not checkpointed": ["+recipe=zero_7b_plain", f"{BUDGET}=9216", f"{CHECKPOINTS}=false"],
    "zero_3b": ["+recipe=zero_3b"],
    "zero_32b": ["+recipe=zero_32b"],
    "Qwen3-8B": ["+recipe=zero_7b_plain", f"{MODEL}=Qwen/Qwen3-8B"],
    "Llama-3.1-8B, one device": [
        "+recipe=zero_7b_plain",
        f"{MODEL}=meta-llama/Llama-3.1-8B",
        f"{BUDGET}=16384",
        "trainer.n_gpus_per_node=1",
    ],
}


def main() -> None:
    """Print a row for each case."""
    table = Table("job", "engine GB", "planned GB", "error")
    for name, overrides in CASES.items():
        counted = compare(overrides, name)
        engine, plan = sum(counted.engine.values()), sum(counted.plan.values())
        table.add_row(name, f"{engine / 1e9:.1f}", f"{plan / 1e9:.1f}", f"{counted.error:+.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
