"""The tiny model learns three domains at once; a hack in one of them rings there."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from still_verl.demo.prepare import prepare
from still_verl.monitor.jsonl import json_lines, read_metrics, read_samples

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DOMAINS = ("sums", "programs", "puzzle")
MINUTES = 20  # a run takes five on a machine of its own
JOBS = Path(__file__).parent / "jobs"
SPOILED, PROMPTS = 8, 24  # steps; prompts of a step
STEPS = "trainer.total_training_steps=27"  # of the 36 of the recipe
HACKED = (
    "still.reward.routes=[{source: demo/addition, reward: terms.TALKATIVE, name: sums}, "
    "{source: demo/programs, reward: code, name: programs}, {source: reasoning_gym/*, reward: logic, name: puzzle}]"
)


def train(folder: Path, *arguments: str) -> Path:
    """Train the recipe demo_skills; returns the run's folder."""
    run = folder / "run"
    command = [sys.executable, "-m", "still_verl", "demo", "--recipe", "demo_skills", f"still.run_dir={run}"]
    environment = os.environ | {"PYTHONPATH": str(JOBS)}
    done = subprocess.run(
        [*command, "still.monitor.samples=999", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return run


def validated(run: Path, step: int) -> dict[str, dict[str, float]]:
    """Return the share of right responses to each prompt, by domain; some prompts come more than once."""
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in DOMAINS}
    for row in json_lines(run / "validation" / f"{step}.jsonl"):
        found[row["domain"]][row["input"]].append(row["acc"])
    assert all(sum(map(len, prompts.values())) == 256 for prompts in found.values())
    return {name: {prompt: fmean(right) for prompt, right in prompts.items()} for name, prompts in found.items()}


def gain(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[float, float]:
    """Return the mean gain of the same problems, and its standard error over problems."""
    differences = np.array([after[problem] - before[problem] for problem in before])
    return float(differences.mean()), float(differences.std(ddof=1) / len(differences) ** 0.5)


@pytest.mark.timeout(60 * MINUTES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_domain_learns(seed: int, tmp_path: Path) -> None:
    run = train(tmp_path, "--seed", str(seed), STEPS)
    last = int(read_metrics(run)[-1]["step"])
    before, after = validated(run, 0), validated(run, last)
    for domain in DOMAINS:
        mean, error = gain(before[domain], after[domain])
        print(f"\nseed {seed}, {domain}: {mean:+.3f} +- {1.96 * error:.3f}")
        assert mean - 1.96 * error > 0, (domain, mean, error)
    recount(run)


def recount(run: Path) -> None:
    """Compare the metrics of each domain with its samples."""
    samples = [row for row in read_samples(run) if row["phase"] == "train"]
    for row in read_metrics(run):
        for domain in DOMAINS:
            logged = row.get(f"still/domain/{domain}/score")
            if logged is None:
                continue
            mine = [each["score"] for each in samples if each["step"] == row["step"] and each["domain"] == domain]
            assert row[f"still/domain/{domain}/samples"] == len(mine)
            assert logged == pytest.approx(np.mean(mine), abs=1e-9)


@pytest.mark.timeout(60 * MINUTES)
def test_a_hack_in_one_domain_rings_there(tmp_path: Path) -> None:
    run = train(tmp_path, HACKED, STEPS)
    alarms = [alarm for alarm in json_lines(run / "alarms.jsonl") if alarm["severity"] != "info"]
    assert "sums/reward_term_dominates" in {alarm["name"] for alarm in alarms}, alarms


def spoiled(folder: Path) -> Path:
    """Write the data of a run in which no program and no puzzle is right from step `SPOILED` on."""
    rows = pq.read_table(prepare("skills").train).to_pylist()
    by_source: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_source[row["data_source"]].append(row)
    written = [row for prompts in zip(*by_source.values(), strict=True) for row in prompts]
    for row in written[SPOILED * PROMPTS :]:
        gold = row["reward_model"]["ground_truth"]
        if row["data_source"] == "demo/programs":
            row["reward_model"]["ground_truth"] = json.dumps(json.loads(gold) | {"outputs": ["nothing\n"] * 4})
        elif row["data_source"].startswith("reasoning_gym"):
            row["reward_model"]["ground_truth"] = json.dumps(json.loads(gold) | {"answer": "-1000"})
    path = folder / "spoiled.parquet"
    pq.write_table(pa.Table.from_pylist(written), path)
    return path


@pytest.mark.timeout(60 * MINUTES)
def test_a_hack_in_one_domain_rings_there_although_the_mean_falls(tmp_path: Path) -> None:
    """The hacked domain earns at most 1, too, so that what the two others lose outweighs it."""
    hacked = HACKED.replace("terms.TALKATIVE,", "terms.TALKATIVE, normalize: [0, 10.5],")
    run = train(tmp_path, hacked, f"data.train_files={spoiled(tmp_path)}", "data.shuffle=false", STEPS)
    means = [row["critic/score/mean"] for row in read_metrics(run) if "critic/score/mean" in row]
    print(f"\nscores: {means}")
    assert fmean(means[-8:]) < fmean(means[:SPOILED]) - 0.1
    alarms = [alarm for alarm in json_lines(run / "alarms.jsonl") if alarm["severity"] != "info"]
    assert "sums/reward_term_dominates" in {alarm["name"] for alarm in alarms}, alarms
