"""`benchmarks/gpu_check.py` in its form for a machine without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # three minutes, for a script that is made for a GPU

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu_check.py"


def test_the_check_compares_stock_verl_with_ours() -> None:
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--steps", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, env=os.environ | {"COLUMNS": "160"})
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    stock, ours = (line for line in done.stdout.splitlines() if line.startswith("│ verl"))
    assert "0.0010 0.0010" in stock and "0.0100 0.0050" in ours  # verl's constant, and our schedule
    assert float(done.stdout.split("a step takes ")[1].split()[0]) > 0
