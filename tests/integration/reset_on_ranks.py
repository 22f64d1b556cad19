"""What one rank of `test_shards_on_cpu.py` does: renew a reference under every kind of FSDP, and compare outputs.

python reset_on_ranks.py RANK RANKS FOLDER
"""

import functools
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    CPUOffload,
    CPUOffloadPolicy,
    FullyShardedDataParallel,
    MixedPrecision,
    MixedPrecisionPolicy,
    OffloadPolicy,
    ShardingStrategy,
    fully_shard,
)
from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy

from still_verl.integration.actor_worker import StillActorRolloutRefWorker

FULL, GRAD_OP = ShardingStrategy.FULL_SHARD, ShardingStrategy.SHARD_GRAD_OP
TOKENS = torch.arange(8).view(1, 8)
PRECISION = torch.float32, torch.bfloat16


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(7, 7)  # no multiple of the number of ranks

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.linear(x).tanh()


class Model(nn.Module):
    """A small language model; embedding and head belong to FSDP's root."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embedding, self.blocks, self.head = nn.Embedding(16, 7), nn.Sequential(Block(), Block()), nn.Linear(7, 16)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.embedding(tokens)))


def fsdp1(
    seed: int, strategy: Any, offload: bool, orig_params: bool, dtype: torch.dtype, stored: torch.dtype = torch.float32
) -> nn.Module:
    """Wrap a model as verl's engine does with `strategy=fsdp`."""
    return FullyShardedDataParallel(
        Model(seed).to(stored),
        auto_wrap_policy=functools.partial(transformer_auto_wrap_policy, transformer_layer_cls={Block}),
        sharding_strategy=strategy,
        use_orig_params=orig_params,
        mixed_precision=MixedPrecision(param_dtype=dtype),
        cpu_offload=CPUOffload(offload_params=True) if offload else None,
        device_id=torch.device("cpu"),
    )


def fsdp2(
    seed: int, strategy: Any, offload: bool, orig_params: bool, dtype: torch.dtype, stored: torch.dtype = torch.float32
) -> nn.Module:
    """Wrap a model as verl's engine does with `strategy=fsdp2`."""
    model = Model(seed).to(stored)
    settings: dict[str, Any] = {
        "mesh": init_device_mesh("cpu", (dist.get_world_size(),)),
        "reshard_after_forward": strategy is FULL,
        "mp_policy": MixedPrecisionPolicy(param_dtype=dtype),
        "offload_policy": CPUOffloadPolicy(pin_memory=False) if offload else OffloadPolicy(),
    }
    for block in model.blocks:
        fully_shard(block, **settings)
    return fully_shard(model, **settings)


def worker(actor: nn.Module, reference: nn.Module) -> Any:
    def part(module: nn.Module) -> Any:
        return SimpleNamespace(engine=SimpleNamespace(module=module))

    made = object.__new__(StillActorRolloutRefWorker)
    made.actor, made.ref = part(actor), part(reference)
    made._world_size, made._rank = dist.get_world_size(), dist.get_rank()
    return made


@torch.no_grad()
def output(model: nn.Module) -> torch.Tensor:
    return model(TOKENS).float()


def train(model: nn.Module, optimizer: Any) -> None:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(TOKENS)[0].float(), TOKENS[0].roll(dist.get_rank())).backward()
    optimizer.step()


def check_reset(build: Any, case: tuple[Any, ...], folder: Path) -> None:
    strategy, offload, *rest = case
    actor, reference = build(1, strategy, False, *rest), build(2, strategy, offload, *rest)
    optimizer = torch.optim.SGD(actor.parameters(), lr=0.5)
    both = worker(actor, reference)
    for _ in range(2):  # the second reset finds what the first has left
        train(actor, optimizer)
        assert not torch.equal(output(actor), output(reference)), "they are equal before a reset"
        both.reset_reference()
        torch.testing.assert_close(output(reference), output(actor), atol=0, rtol=0)
        sums = both.reference_checksums()
        assert sums[0] == sums[1]
    renewed = output(reference)
    both.save_reference(str(folder))
    train(actor, optimizer)
    assert not torch.equal(output(actor), renewed)
    torch.testing.assert_close(output(reference), renewed, atol=0, rtol=0)
    # A resumed run loads it before any forward pass.
    assert both.has_reference(str(folder)) and not both.has_reference(str(folder / "none"))
    resumed = build(3, strategy, offload, *rest)
    worker(actor, resumed).load_reference(str(folder))
    torch.testing.assert_close(output(resumed), renewed, atol=0, rtol=0)


KEEP, UPDATES = 0.9, 6


def whole(module: nn.Module) -> dict[str, torch.Tensor]:
    """Gather all weights of a sharded model, in float64, by the names that they have without FSDP."""
    if isinstance(module, FullyShardedDataParallel):
        with FullyShardedDataParallel.summon_full_params(module, writeback=False):
            named = {name: weight.detach().double() for name, weight in module.named_parameters()}
    else:
        named = {name: weight.full_tensor().detach().double() for name, weight in module.named_parameters()}
    return {name.replace("_fsdp_wrapped_module.", ""): weight.clone() for name, weight in named.items()}


def closed_form(begin: dict[str, torch.Tensor], actors: list[dict[str, torch.Tensor]]) -> nn.Module:
    """Return a model of d^n reference + (1 - d) sum of d^(n - i) actor_i, not step by step, in float64."""
    model = Model(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            total = KEEP ** len(actors) * begin[name]
            for i, actor in enumerate(actors, start=1):
                total += (1 - KEEP) * KEEP ** (len(actors) - i) * actor[name]
            weight.copy_(total)
    return model


def check_average(build: Any, case: tuple[Any, ...], folder: Path) -> None:
    """Average, save in the middle, and go on in a new worker, with a reference that is stored in either precision.

    The actor moves so little that in bfloat16 most updates would be rounded away.
    """
    strategy, offload, orig_params, stored = case
    if build is fsdp1 and orig_params and stored is not torch.float32:
        return  # another size of its shards: a job with that is refused
    actor = build(1, strategy, False, orig_params, torch.float32)
    reference = build(1, strategy, offload, orig_params, torch.float32, stored)
    optimizer = torch.optim.SGD(actor.parameters(), lr=0.05)
    both, begin, actors = worker(actor, reference), whole(reference), []
    for update in range(UPDATES):
        train(actor, optimizer)
        output(reference)  # what FSDP keeps gathered of it must not be used again
        both.average_reference(KEEP)
        actors.append(whole(actor))
        if update == UPDATES // 2:
            both.save_reference(str(folder))
            reference = build(3, strategy, offload, orig_params, torch.float32, stored)
            both = worker(actor, reference)
            both.load_reference(str(folder), average=True)
    expected = output(closed_form(begin, actors).to(stored).float())
    # In bfloat16 a weight on the edge between two values may be rounded to either side.
    tolerance = 1e-6 if stored is torch.float32 else 4e-3
    torch.testing.assert_close(output(reference), expected, atol=tolerance, rtol=0)
    assert (expected - output(closed_form(begin, [begin]))).abs().max() > 5 * tolerance, "it hardly moved"


CASES = [
    *((fsdp1, case) for case in product((FULL, GRAD_OP), (False, True), (False, True), PRECISION)),
    *((fsdp2, case) for case in product((FULL, GRAD_OP), (False, True), (True,), PRECISION)),
]


def on_each_rank(rank: int, ranks: int, folder: str) -> None:
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        # Pinning copies a tensor into memory that a GPU can read. FSDP1's offload always pins; here a copy must do.
        torch.Tensor.pin_memory = torch.Tensor.clone
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks)
    for number, (build, case) in enumerate(CASES):
        try:
            check_reset(build, case, Path(folder, str(number)))
            check_average(build, case, Path(folder, f"average_{number}"))
        except Exception as error:
            raise AssertionError(f"{build.__name__} {case}: {error}") from error
    dist.destroy_process_group()


if __name__ == "__main__":
    on_each_rank(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
