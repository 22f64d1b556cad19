"""A real run of four domains: each has its own reward, and its metrics are a recount of the samples."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from still_verl import paths
from still_verl.monitor.jsonl import read_samples
from still_verl.rewards.logic import rows as puzzles

pytestmark = pytest.mark.e2e

JOBS = Path(__file__).parent / "jobs"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"  # with verl's own trainer for CPU
TERMS = {"sums": {"signed"}, "own": {"digits"}, "apps": {"tests"}, "reasoning_gym": {"logic"}}
ROUTES = (
    "still.reward.routes=[{source: sums*, reward: distill, normalize: [-1, 1]}, {source: own, reward: terms.digits}, "
    "{source: apps, reward: code}, {source: reasoning_gym/*, reward: logic}]"
)


def four_sources(path: Path, folder: Path) -> Path:
    """Write the rows of a data file as those of four sources in turn; their prompts stay."""
    (puzzle,) = puzzles("gcd", 1, seed=1)
    tests = json.dumps({"inputs": ["3\n"], "outputs": ["6\n"]})
    rows = pq.read_table(path).to_pylist()
    for number, row in enumerate(rows):
        row["data_source"] = ("sums/addition", "own", "apps", puzzle["data_source"])[number % 4]
        answers = (row["reward_model"]["ground_truth"],) * 2 + (tests, puzzle["reward_model"]["ground_truth"])
        row["reward_model"]["ground_truth"] = answers[number % 4]
    written = folder / path.name
    pq.write_table(pa.Table.from_pylist(rows), written)
    return written


def test_a_run_of_four_domains(train: Callable[..., Any], demo_files: Any, tmp_path: Path) -> None:
    model, *files = demo_files("random-untied")
    names = [name.partition("=") for name in files]
    own = [f"{key}={four_sources(Path(path), tmp_path)}" for key, _, path in names]
    job = train(
        tmp_path,
        model,
        *own,
        "reward.reward_manager.name=still",
        ROUTES,
        "still.monitor.samples=999",
        "trainer.val_before_train=true",
        "data.val_max_samples=64",
        "trainer.total_training_steps=2",
    )
    assert "sums_addition" not in job.log and "sums by distill: " in job.log and "own by terms.digits: " in job.log
    samples = [row for row in read_samples(tmp_path / "run") if row["phase"] == "train"]
    for step in job.steps:
        mine = [row for row in samples if row["step"] == step["training/global_step"]]
        assert {row["domain"] for row in mine} <= set(TERMS) and len(mine) == 16
        for domain in {row["domain"] for row in mine}:
            kept = [row for row in mine if row["domain"] == domain]
            begin = f"still/domain/{domain}"
            assert step[f"{begin}/samples"] == len(kept)
            assert step[f"{begin}/score"] == pytest.approx(np.mean([row["score"] for row in kept]))
            assert step[f"{begin}/accuracy"] == pytest.approx(np.mean([row["acc"] for row in kept]))
            assert step[f"{begin}/length/mean"] == pytest.approx(np.mean([row["tokens"] for row in kept]))
            terms = {name for row in kept for name in row["terms"]}
            assert terms == TERMS[domain]
    first = next(row for row in read_metrics_of_validation(job) if "still/validation/accuracy" in row)
    assert {f"still/validation/domain/{domain}/accuracy" for domain in TERMS} <= set(first)
    assert {"val-core/sums/addition/acc/mean@1", "val-core/own/acc/mean@1"} <= set(first)


@pytest.mark.slow  # the run above has the same rewards
def test_the_reward_file_in_a_job_of_verls_own_trainer(
    start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    """verl takes the keys of the first sample for all; a validation of several domains must have them all."""
    model, *files = demo_files("random-untied")
    names = [name.partition("=") for name in files]
    routes = "[{source: sums*, reward: distill}, {source: own, reward: terms.digits}, {source: apps, reward: code}, "
    job = start_small(
        tmp_path,
        model,
        *[f"{key}={four_sources(Path(path), tmp_path)}" for key, _, path in names],
        "trainer.v1.trainer_mode=cpu_sync",
        f"reward.custom_reward_function.path={paths.reward_fn('mixed')}",
        f"+reward.custom_reward_function.reward_kwargs.routes={routes}{{source: reasoning_gym/*, reward: logic}}]",
        "trainer.val_before_train=true",
        "data.val_max_samples=64",
        "trainer.total_training_steps=2",
        VERL_USE_EXTERNAL_MODULES="baseline",
        PYTHONPATH=os.pathsep.join([str(BENCHMARKS), str(JOBS)]),
    )
    assert job.wait(360) == 0, job.log[-6000:]
    for source in ("sums/addition", "own", "apps", "reasoning_gym/gcd"):
        assert f"val-core/{source}/acc/mean@1" in job.log
    assert "step:2 " in job.log and job.left_behind() == []


def read_metrics_of_validation(job: Any) -> list[dict[str, Any]]:
    """Read every row of the metrics, that of the validation before the first step among them."""
    from still_verl.monitor.jsonl import read_metrics

    return list(read_metrics(job.folder / "run"))
