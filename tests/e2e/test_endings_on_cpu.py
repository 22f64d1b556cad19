"""The asynchronous twin, and what a job leaves behind that fails or is interrupted."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.slow  # the modes are compared, and the alarm is tested, without it
def test_the_asynchronous_twin_with_our_manager_and_a_reward_that_never_changes(
    train: Callable[..., Any], demo_files: Any, tmp_path: Path, samples: Callable[..., Any]
) -> None:
    """An untrained model gets 0 for every answer: the job says so, with samples, and nothing is learned from them."""
    job = train(
        tmp_path,
        *demo_files("random-untied"),
        "still/reward=boxed",
        "still.selection.rules=[accuracy]",
        "trainer.v1.trainer_mode=still_colocate_async",
        "trainer.total_training_steps=3",
        "trainer.test_freq=3",
    )
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3]
    assert [row["still/alarm/constant_reward"] for row in job.steps] == [0, 0, 1]
    assert all(row["still/selection/dropped_samples"] == 1 and "actor/grad_norm" not in row for row in job.steps)
    assert "ALARM constant reward: every response of the last 3 steps got 0" in job.log
    assert job.log.count("answer '' by no method, no answer") == 3
    row = samples(job.folder / "run/validation/3.jsonl")[0]
    assert 0 < row["tokens"] <= 16 and row["truncated"] in (0, 1)


@pytest.mark.slow  # an ablation with a job that fails is tested always
def test_a_failing_run_ends_and_leaves_nothing(start_small: Callable[..., Any], untrained: Any, tmp_path: Path) -> None:
    extra = ["still.callbacks=[recorder.Failing]", "trainer.total_training_steps=2"]
    job = start_small(tmp_path, *untrained("random"), *extra)
    assert job.wait(360) != 0
    assert "a callback failed on purpose" in job.log
    assert job.left_behind() == []


def test_a_term_that_fails_for_some_responses_ends_the_run_before_it_learns(
    start_small: Callable[..., Any], demo_files: Any, tmp_path: Path
) -> None:
    """verl would drop these samples, fill their groups with padding and go on, with exit code 0."""
    weights = "still.reward.weights={correct: 1.0, terms.fails_for_cut_responses: 0.5}"
    steps = "trainer.total_training_steps=2"
    job = start_small(tmp_path, *demo_files("random"), "still/reward=boxed", weights, steps)
    assert job.wait(360) != 0
    said = "responses could not be scored: ValueError: still.reward.weights: the term terms.fails_for_cut_responses"
    assert said in job.log.splitlines()[-1] or said in job.log[-3000:]
    assert job.steps == [] and job.left_behind() == []


@pytest.mark.slow
def test_a_second_job_with_another_reward_manager_is_refused_in_the_folder_of_the_first(
    train: Callable[..., Any], start_small: Callable[..., Any], untrained: Any, tmp_path: Path
) -> None:
    """It would go on from weights that another reward was paid for, and mix its curves with the old ones."""
    overrides = [*untrained("random"), "trainer.save_freq=1"]
    first = train(tmp_path, *overrides, "trainer.total_training_steps=1")
    metrics, ended = first.steps, len(first.log)
    second = start_small(tmp_path, *overrides, "reward.reward_manager.name=dapo", "trainer.total_training_steps=2")
    assert second.wait(120) == 1
    said = second.log[ended:]
    assert "still_verl: reward.reward_manager.name=dapo: the run in run has naive, and this job would go on" in said
    assert "Started a local Ray instance" not in said
    assert second.steps == metrics and second.left_behind() == []
    again = train(tmp_path, *overrides, "trainer.total_training_steps=2")  # the first reward may go on
    assert [row["training/global_step"] for row in again.steps] == [1, 2]


def test_ctrl_c_leaves_nothing(start_small: Callable[..., Any], untrained: Any, tmp_path: Path) -> None:
    job = start_small(tmp_path, *untrained("random"), "trainer.total_training_steps=500", "trainer.total_epochs=125")
    job.wait_for("step:1 ", timeout=360)
    time.sleep(1)
    job.process.send_signal(signal.SIGINT)
    assert job.wait(60) != 0
    assert job.left_behind() == []
