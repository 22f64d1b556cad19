"""`still-verl eval --select` with a real run: the checkpoint of the best validation is merged and measured."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.monitor.jsonl import read_metrics

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_best_of_two_checkpoints(
    tmp_path: Path, train: Callable[..., Any], demo_files: Callable[[str], list[str]]
) -> None:
    job = train(
        tmp_path,
        *demo_files("tiny"),
        "still/reward=boxed",
        "data.max_response_length=96",
        "data.val_max_samples=16",
        "actor_rollout_ref.rollout.max_model_len=128",
        "actor_rollout_ref.rollout.val_kwargs.n=2",
        "actor_rollout_ref.rollout.val_kwargs.do_sample=true",
        "actor_rollout_ref.rollout.val_kwargs.temperature=1",
        "trainer.total_training_steps=2",
        "trainer.save_freq=1",
        "trainer.test_freq=1",
    )
    validated = {}
    for row in read_metrics(job.folder / "run"):
        if "still/validation/problems/mean" in row:
            validated[row["step"]] = row["still/validation/problems/mean"]
    (tmp_path / "shared.jsonl").write_text(json.dumps(first_problem(tmp_path / "run")) + "\n")
    refused = select(tmp_path, "shared.jsonl")
    assert refused.returncode == 1 and "are among those that chose the checkpoint" in refused.stderr
    rows = [{"id": str(number), "problem": f"{number}+{2 * number}=?", "answer": str(3 * number)} for number in (7, 8)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = select(tmp_path, "own.jsonl")
    assert done.returncode == 0, done.stderr[-4000:]
    chosen = json.loads((tmp_path / "run" / "selection.json").read_text())
    best = max(validated.values())
    assert chosen["step"] == min(step for step, share in validated.items() if share == best)
    assert {each["step"]: each["avg"] for each in chosen["candidates"]} == pytest.approx(validated)
    assert json.loads(done.stdout)["own"]["samples"] == 6 and f"step {chosen['step']} of 2" in done.stderr


def first_problem(run: Path) -> dict[str, str]:
    """A problem of the validation, as a test set would have it."""
    row = json.loads((run / "validation" / "1.jsonl").read_text().splitlines()[0])
    return {"problem": row["input"].strip(), "answer": row["gts"]}


def select(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    sampling = ["--k", "3", "--temperature", "1", "--max-tokens", "64", "--json"]
    command = [sys.executable, "-m", "still_verl", "eval", "--select", "run", "-b", test, *sampling]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
