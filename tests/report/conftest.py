"""Run folders for tests, made from numbers: what a run leaves, without training."""

import json
import math
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_tab import CHROMIUM

EVIL = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)></pre></script> Wait, let me verify."


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def metrics(steps: int, seed: int = 1, alarm: bool = True) -> Iterable[dict[str, Any]]:
    """Noisy curves of a run that learns, with a stretch of steps in which an alarm is active."""
    noise = random.Random(seed)
    for step in range(1, steps + 1):
        share, wave = step / steps, noise.gauss(0, 0.03)
        row = {"step": step, "critic/score/mean": 0.2 + 0.4 * share + wave, "perf/time_per_step": 6 + 10 * wave}
        row |= {"still/accuracy": 0.25 + 0.4 * share + wave, "actor/entropy": 0.5 * math.exp(-3 * share) + wave / 9}
        row |= {"actor/kl_loss": 0.05 * share + wave / 30, "still/kl/coef": 1e-3 * (1 + math.cos(math.pi * share)) / 2}
        row |= {f"still/length/{k}": v * (1 + share) + 300 * wave for k, v in LENGTHS.items()}
        row |= {"still/context/budget": 400 if share < 0.5 else 800, "still/temperature": 0.8 + 0.4 * share}
        row |= {"still/entropy/coef": 0.001, "still/completion/finished": 0.9 - wave, "actor/grad_norm": 0.3 + wave}
        row |= {"still/completion/answered": 0.8 + wave, "still/selection/dropped_samples": step % 7}
        row |= {"still/reward/correct": 0.3 + 0.4 * share, "still/reward/format": 0.9 - wave}
        for rank, name in enumerate(("verification", "reflection", "correction"), 1):
            row |= {f"still/keywords/{name}/per_1k_words": rank * share + wave}
            row |= {f"still/keywords/{name}/per_response": 0.3 * rank * share + wave}
        row["still/alarm/reward_hacking"] = float(alarm and 0.6 < share < 0.75)
        row["still/alarm/entropy_collapse"] = float(alarm and share > 0.9)
        if step % max(steps // 8, 1) == 0 or step == 1:
            row["val-core/math/acc/mean@4"] = 0.3 + 0.35 * share + wave / 2
        yield row


LENGTHS = {"mean": 200, "p50": 180, "p95": 390, "correct_mean": 170, "wrong_mean": 240}


def sample(step: int, index: int, phase: str = "train", text: str = "") -> dict[str, Any]:
    right = (step + index) % 3 > 0
    words = text or "Wait, let me verify. However, I double-check:\n```python\nprint(6 * 7)\n```\nso \\boxed{42}"
    row = {"step": step, "phase": phase, "uid": f"u{index}", "prompt": f"What is {index} + {step}?", "response": words}
    row |= {"gold": "42", "pred": "42" if right else "41", "reason": "exact", "extracted_by": "boxed"}
    row |= {"score": float(right), "acc": float(right), "tokens": 20 + index, "truncated": False, "dropped": False}
    return row | {"terms": {"correct": float(right)}}


def _write_run(path: Path, steps: int = 60, seed: int = 1, alarm: bool = True, lr: float = 1e-6) -> Path:
    """A whole run folder of ours: metrics, samples with a script in a response, config."""
    write_lines(path / "metrics.jsonl", metrics(steps, seed, alarm))
    rows = [sample(step, i, text=EVIL if i == 1 else "") for step in (1, steps) for i in range(8)]
    rows += [sample(step, i, "validation") | {"prompt": f"Problem {i}"} for step in (1, steps) for i in range(8)]
    write_lines(path / "samples.jsonl", rows)
    (path / ".hydra").mkdir(exist_ok=True)
    began = {"name": "reward_hacking", "severity": "critical", "step": 40, "evidence": "length up", "advice": "look"}
    write_lines(path / "alarms.jsonl", [began] if alarm else [])
    config = {"actor_rollout_ref": {"actor": {"optim": {"lr": lr}}}, "still": {"name": "demo", "run_dir": str(path)}}
    config |= {"trainer": {"wandb_api_key": "hunter2"}, "data": {"train_batch_size": 8}}
    (path / ".hydra" / "config.yaml").write_text(json.dumps(config))
    (path / ".hydra" / "overrides.yaml").write_text("- +recipe=demo\n- trainer.wandb_api_key=hunter2\n")
    return path


@pytest.fixture(scope="session")
def evil() -> str:
    """A response that would break a page which does not escape it."""
    return EVIL


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """Writes a run folder: path, steps, seed, alarm, lr."""
    return _write_run


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a headless browser's DevTools."""
    profile = tmp_path_factory.mktemp("profile")
    flags = ["--headless", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    assert CHROMIUM is not None
    process = subprocess.Popen([CHROMIUM, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port, end = profile / "DevToolsActivePort", time.monotonic() + 60
    while not (port.is_file() and port.read_text().strip()):
        assert process.poll() is None and time.monotonic() < end, "Chromium did not start"
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port.read_text().split()[0]}"
    process.terminate()
    process.wait(timeout=30)
