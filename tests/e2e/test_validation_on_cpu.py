"""The validation of a real run: verl's mean@N, our metrics and `still-verl eval --from` of its dump are one number."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.monitor.jsonl import read_metrics

pytestmark = pytest.mark.e2e

N = 4


def test_three_ways_to_the_same_accuracy(
    tmp_path: Path, train: Callable[..., Any], demo_files: Callable[[str], list[str]]
) -> None:
    sampled = "actor_rollout_ref.rollout.val_kwargs"
    job = train(
        tmp_path,
        *demo_files("tiny"),
        "still/reward=boxed",
        "data.max_response_length=96",
        "actor_rollout_ref.rollout.max_model_len=128",
        "data.val_max_samples=16",
        f"{sampled}.n={N}",
        f"{sampled}.do_sample=true",
        f"{sampled}.temperature=1",
        "trainer.val_only=true",
        "trainer.val_before_train=true",
        "trainer.validation_data_dir=${still.run_dir}/validation",
    )
    (metrics,) = [row for row in read_metrics(job.folder / "run") if "still/validation/accuracy" in row]
    (verl,) = [value for key, value in metrics.items() if key.startswith("val-core/") and key.endswith(f"mean@{N}")]
    assert 0 < verl < 1, "the model must be right sometimes, else nothing is compared"
    command = [sys.executable, "-m", "still_verl", "eval", "--from", "run/validation", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout).values()
    assert figures["problems"] == metrics["still/validation/problems/count"] and figures["k"] == N
    assert figures["avg"] == pytest.approx(verl, abs=1e-9)
    assert metrics["still/validation/problems/mean"] == pytest.approx(verl, abs=1e-9)
    assert metrics["still/validation/problems/stderr"] == pytest.approx(figures["stderr"], abs=1e-12)
    assert metrics[f"still/validation/pass@{N}"] == pytest.approx(figures["pass"][str(N)], abs=1e-12)
    # Drawn with replacement, verl's best@N is less.
    best = next(value for key, value in metrics.items() if key.endswith(f"best@{N}/mean"))
    assert best < metrics[f"still/validation/pass@{N}"]
