"""verl's critic on CPU: its values, and its checkpoints."""

import subprocess
import sys
from pathlib import Path

import pytest

from still_verl.demo.prepare import prepare

SCRIPT = Path(__file__).with_name("critic_on_ranks.py")


@pytest.mark.process
@pytest.mark.parametrize("model", ["random", pytest.param("random-untied", marks=pytest.mark.slow)])
def test_a_critic_has_the_values_of_its_weights_and_is_resumed(model: str, tmp_path: Path) -> None:
    """Its values are those of a token classifier outside FSDP, with embeddings that are tied to a head or not."""
    ranks, path = 2, str(prepare(model).model)
    commands = [[sys.executable, str(SCRIPT), str(rank), str(ranks), str(tmp_path), path] for rank in range(ranks)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate(timeout=240)[1] for process in running]
    assert [process.returncode for process in running] == [0] * ranks, "\n".join(error[-3000:] for error in errors)


@pytest.mark.process
def test_a_policy_has_the_same_log_probs_packed_and_padded(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT.with_name("policy_alone.py")), str(tmp_path), str(prepare("random").model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
