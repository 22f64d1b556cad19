"""Demonstrations, supervised training, RL and evaluations for real, in one command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from still_verl.demo.tools.results import differ, results
from still_verl.demo.tools.stages import STEPS
from still_verl.monitor.jsonl import read_metrics

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.slow]


@pytest.mark.timeout(3600)  # seven minutes on two quiet cores
def test_a_tiny_model_learns_to_let_python_compute(tmp_path: Path) -> None:
    out = tmp_path / "chain"
    command = [sys.executable, "-m", "still_verl", "demo-chain", "-o", str(out)]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    print(done.stdout)
    assert read_metrics(out / "rl")[-1]["step"] == STEPS
    assert (out / "self" / "demonstrations.jsonl").stat().st_size > 0
    found = results(out)
    assert differ(found["sft_tools"], found["base_plain"]).interval[0] > 0.2
    assert differ(found["rl_tools"], found["sft_tools"]).interval[0] > 0
    assert differ(found["validation_0"], found["sft_tools"]).p > 0.01
    assert found["sft_tools"].made_up <= 0.01
