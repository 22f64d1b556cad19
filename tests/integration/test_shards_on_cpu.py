"""A renewed reference, seen in what it puts out: checksums of shards cannot see a copy that FSDP keeps gathered."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from still_verl.integration.shards import local_shards, write_shards

SCRIPT = Path(__file__).with_name("reset_on_ranks.py")


@pytest.mark.process
@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_renewed_reference_puts_out_what_it_should(ranks: int, tmp_path: Path) -> None:
    """What the actor does after a reset, what the closed form does after averages, also after a resume.

    FSDP1 and FSDP2, full shard and shard-grad-op, with and without offload, original parameters, two precisions.
    """
    commands = [[sys.executable, str(SCRIPT), str(rank), str(ranks), str(tmp_path)] for rank in range(ranks)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0] * ranks, "\n".join(error[-3000:] for error in errors)


@pytest.mark.parametrize(
    ("shards", "said"),
    [
        ({"weight": torch.ones(2, 2)}, "bias: this parameter has no shard"),
        ({"weight": torch.ones(1, 2), "bias": torch.ones(2)}, r"weight: .* \(2, 2\) and \(1, 2\)"),
    ],
)
def test_models_that_are_sharded_otherwise_are_never_copied_in_part(shards: Any, said: str) -> None:
    module = nn.Linear(2, 2)
    before = {name: shard.clone() for name, shard in local_shards(module)}
    with pytest.raises(ValueError, match=said):
        write_shards(module, shards)
    assert all(torch.equal(before[name], shard) for name, shard in local_shards(module))
