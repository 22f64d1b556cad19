"""A run that can only wait, or whose reward fails, ends by itself and says why; in every trainer mode."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.e2e

JOBS = Path(__file__).parent / "jobs"
MODES = {
    "still_sync": [],
    "still_colocate_async": ["trainer.v1.colocate_async.num_warmup_batches=1"],
    "still_separate_async": [
        "trainer.v1.separate_async.num_warmup_batches=1",
        "trainer.v1.separate_async.parameter_sync_step=1",
        "actor_rollout_ref.rollout.nnodes=1",
    ],
}
ASYNCHRONOUS = ("still_colocate_async", "still_separate_async")
CAUSE = "the first: ConnectionError: the judge of step 3 is away"


@pytest.mark.parametrize("mode", ["still_sync", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ASYNCHRONOUS)])
def test_a_reward_that_starts_to_raise_ends_the_run_within_a_minute_with_its_cause(
    mode: str, start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    job = start_small(
        tmp_path,
        *demo_files("random"),
        f"reward.custom_reward_function.path={JOBS}/breaks.py",
        f"trainer.v1.trainer_mode={mode}",
        *MODES[mode],
        "trainer.total_training_steps=50",
        "trainer.total_epochs=50",
    )
    job.wait_for("step:2 ", timeout=360)
    started = time.monotonic()
    assert job.wait(120) != 0
    assert time.monotonic() - started < 60
    assert CAUSE in job.log and re.search(r"(\d+ prompts in a row|all prompts that the run waited for) failed", job.log)
    assert job.left_behind() == []


def test_a_lost_request_is_named_and_ends_the_run(
    start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    job = start_small(
        tmp_path,
        *demo_files("random"),
        f"reward.custom_reward_function.path={JOBS}/breaks.py",
        "actor_rollout_ref.model.external_lib=lost_loop",
        "actor_rollout_ref.rollout.agent.default_agent_loop=still_lost",
        "trainer.total_training_steps=4",
        "still.guard.wait_seconds=15",
        "still.guard.say_seconds=5",
    )
    assert job.wait(360) != 0
    named = r"waiting for 4 running and 0 pending prompts, [0-9a-f-]{36} \(\d+ s\), .*still.guard.wait_seconds=15"
    assert re.search(named, job.log)
    assert "step:1 " in job.log and "step:2 " not in job.log
    assert job.left_behind() == []


def test_an_update_that_hangs_is_named_and_ends_the_run(
    start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    job = start_small(
        tmp_path,
        *demo_files("random"),
        "still/reward=boxed",
        "actor_rollout_ref.model.external_lib=hangs",
        "actor_rollout_ref.actor.policy_loss.loss_mode=hangs",
        "trainer.total_training_steps=4",
        "still.guard.wait_seconds=15",
        "still.guard.say_seconds=5",
    )
    assert job.wait(360) != 0
    update = "still_verl: the update of the actor of step 2 has taken"
    assert f"{update} 5 s so far" in job.log
    assert f"StalledRun: {update} 15 s, and its workers have not answered" in job.log
    assert "step:1 " in job.log and "step:2 " not in job.log
    assert job.left_behind() == []


@pytest.mark.parametrize("mode", ["still_sync", pytest.param("still_separate_async", marks=pytest.mark.slow)])
def test_a_source_without_a_reward_ends_the_job_before_ray(
    mode: str, start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    """These two never ended, or ended after a validation with `Received an empty list as keys`."""
    train = Path(demo_files("random")[1].partition("=")[2])
    rows = pq.read_table(train).to_pylist()
    for row in rows:
        row["data_source"] = "openai/gsm8k"  # which verl has a reward for
    rows[-1]["data_source"] = "my_own"
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "mine.parquet")
    job = start_small(
        tmp_path,
        *demo_files("random"),
        f"data.train_files={tmp_path}/mine.parquet",
        f"trainer.v1.trainer_mode={mode}",
        *MODES[mode],
        "trainer.val_before_train=true",
        "trainer.total_training_steps=2",
    )
    assert job.wait(180) == 1
    last = job.log.splitlines()[-1]
    assert last.startswith(f"still_verl: data.train_files={tmp_path}/mine.parquet: row {len(rows) - 1} (data_source=")
    assert "Started a local Ray instance" not in job.log and "Traceback" not in job.log
