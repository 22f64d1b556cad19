"""Supervised training for real: verl's own SFT trainer on this machine's processor."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.process]

WEIGHTS = "huggingface/model.safetensors"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sft") / "rows.jsonl"
    lines = []
    for number in range(40):
        a, b = number % 7, number % 5
        answer = f"<think>{a}+{b}</think>\\boxed{{{a + b}}}"
        messages = [{"role": "user", "content": f"{a}+{b}="}, {"role": "assistant", "content": answer}]
        lines.append(json.dumps({"messages": messages}) + "\n")
    file.write_text("".join(lines))
    return file


def train(rows: Path, run: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "still_verl.sft", "+recipe=sft_tiny", f"data.train_files={rows}"]
    command += [f"still.run_dir={run}", "trainer.total_epochs=2", *overrides]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=run.parent, env=environment, capture_output=True, text=True, timeout=300)


def weights(run: Path) -> str:
    return hashlib.sha256((run / "checkpoints/global_step_10" / WEIGHTS).read_bytes()).hexdigest()


def losses(run: Path) -> list[float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["data"]["train/loss"] for line in lines]


@pytest.fixture(scope="module")
def whole(rows: Path) -> Path:
    """Two epochs of five steps, with a checkpoint of each step."""
    run = rows.parent / "whole"
    done = train(rows, run, "trainer.save_freq=1", "trainer.max_ckpt_to_keep=null")
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(losses(run)) == 10 and losses(run)[-1] < 0.6 * losses(run)[0]
    return run


def test_one_seed_repeats_and_another_differs(rows: Path, whole: Path, tmp_path: Path) -> None:
    for seed, same in ((1, True), (2, False)):
        run = tmp_path / str(seed)
        assert train(rows, run, f"trainer.seed={seed}").returncode == 0
        assert (weights(run) == weights(whole)) == same


@pytest.mark.parametrize("step", [5, 7])  # the end of an epoch, the middle of one
def test_a_resumed_job_equals_an_uninterrupted_one(step: int, rows: Path, whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "resumed"
    name = f"checkpoints/global_step_{step}"
    shutil.copytree(whole / name, run / name)
    (run / "checkpoints/latest_checkpointed_iteration.txt").write_text(str(step))
    assert train(rows, run).returncode == 0
    assert losses(run) == losses(whole)[step:] and weights(run) == weights(whole)


def test_what_cannot_be_trained_on_is_one_line_before_the_model_is_loaded(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"messages": [{"role": "user", "content": "x"}]}\n')
    done = train(rows, tmp_path / "run")
    said = [line for line in done.stderr.splitlines() if line.startswith("still_verl: ")]
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert said == [
        f"still_verl: {rows} row 1: no token of it is trained: leave it out, or look at still-verl data show-mask"
    ]
