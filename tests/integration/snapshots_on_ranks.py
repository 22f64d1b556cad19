"""What one rank of `test_snapshots_on_cpu.py` does: go back to old weights and forth again, under every kind of FSDP.

python snapshots_on_ranks.py RANK RANKS FOLDER
"""

import sys
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist
from reset_on_ranks import CASES, fsdp1, output, train, worker


def check_snapshots(build: Any, case: tuple[Any, ...]) -> None:
    """As `still_separate_async` calls it: the old policy's weights are number 0, those of the moment 1."""
    strategy, _offload, *rest = case
    actor = build(1, strategy, False, *rest)
    optimizer = torch.optim.SGD(actor.parameters(), lr=0.5)
    made = worker(actor, actor)
    made._strategy_handlers = None  # as upstream's constructor leaves it
    made.config = SimpleNamespace(actor=SimpleNamespace(strategy="fsdp" if build is fsdp1 else "fsdp2"))
    for _ in range(2):  # the second step finds what the first has left
        made.save_model_to_cpu(0)
        old = output(actor)  # leaves weights gathered
        train(actor, optimizer)
        new = output(actor)
        assert not torch.equal(old, new), "the update changes nothing"
        made.save_model_to_cpu(1)
        made.restore_model_from_cpu(0)
        torch.testing.assert_close(output(actor), old, atol=0, rtol=0)
        made.restore_model_from_cpu(1)
        torch.testing.assert_close(output(actor), new, atol=0, rtol=0)
        made.clear_cpu_model(1)
        assert list(made.cpu_saved_models) == [0]
        train(actor, optimizer)  # the optimizer goes on with the restored weights
        assert not torch.equal(output(actor), new)


def on_each_rank(rank: int, ranks: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks)
    for build, case in CASES:
        try:
            check_snapshots(build, case)
        except Exception as error:
            raise AssertionError(f"{build.__name__} {case}: {error}") from error
    dist.destroy_process_group()


if __name__ == "__main__":
    on_each_rank(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
