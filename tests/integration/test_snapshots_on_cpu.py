"""The weights that the separate mode sets aside, seen in what the model puts out."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("snapshots_on_ranks.py")


@pytest.mark.process
@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_old_weights_come_back_and_the_new_ones_after_them(ranks: int, tmp_path: Path) -> None:
    """FSDP1 and FSDP2, full shard and shard-grad-op, two precisions. Upstream's snapshot on CPU is no copy."""
    commands = [[sys.executable, str(SCRIPT), str(rank), str(ranks), str(tmp_path)] for rank in range(ranks)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate(timeout=240)[1] for process in running]
    assert [process.returncode for process in running] == [0] * ranks, "\n".join(error[-3000:] for error in errors)
