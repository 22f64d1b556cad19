"""verl trains on this machine with still_verl plugged in: a run with every schedule, killed twice and resumed."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kills import REPRODUCIBLE, check_same, kill_at
from run_logs import values_of

from still_verl.monitor.jsonl import json_lines

pytestmark = pytest.mark.e2e

# Coefficients that are different in every step, and a reference that changes.
DYNAMICS = [
    *REPRODUCIBLE,
    "still/kl=cosine",
    "still.kl.start=0.1",
    "still.kl.horizon=3",
    "still.reference.reset_every=2",
    "still/entropy=linear",
    "still.entropy.horizon=10",
    "still/temperature=rising",
    "still.temperature.horizon=4",
    "still.schedules={clip_ratio_high:{kind:linear,start:0.2,end:0.3,horizon:10},lr:{kind:piecewise,points:[[0,0.01],[5,0.005]]}}",
    "still.context.stages=[[1,8],[3,16]]",
    "still.context.validation=12",
    "trainer.save_freq=3",
    "trainer.rollout_data_dir=${still.run_dir}/rollouts",
    "trainer.total_training_steps=6",
]


@pytest.fixture(scope="module")
def killed_run(start_small: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Four steps with tied embeddings; the checkpoint is that of step 3, and the trainer dies as step 5 begins."""
    folder = tmp_path_factory.mktemp("tied")
    job = start_small(folder, *untrained("random"), *DYNAMICS, DIE_AT_STEP="5")
    assert job.wait(360) != 0
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3, 4], job.log[-6000:]
    assert job.left_behind() == []
    return job


@pytest.fixture(scope="module")
def killed_again(killed_run: Any, start_small: Callable[..., Any], untrained: Any) -> Any:
    """The same job again: it goes on after step 3, and the trainer dies while the checkpoint of step 6 is written."""
    job = start_small(killed_run.folder, *untrained("random"), *DYNAMICS)
    assert kill_at(job, "checkpoint", random.Random(0)) == "checkpoint", job.log[-6000:]
    return job


@pytest.fixture(scope="module")
def resumed_run(killed_again: Any, train: Callable[..., Any], untrained: Any) -> Any:
    """The same job once more: it goes on after step 3 again, to step 6."""
    trackers = "trainer.logger=[console,tensorboard]"
    return train(killed_again.folder, *untrained("random"), *DYNAMICS, "trainer.test_freq=6", trackers)


def test_actor_and_rollout_agree_after_weight_updates(killed_run: Any) -> None:
    """The tied output layer is packed again: without that the rollout samples from the first weights, silently.

    The temperature changes in every step: rollout and log-probs must both use it.
    """
    for row in killed_run.steps:
        assert row["training/rollout_probs_diff_max"] < 1e-4, row["training/global_step"]
    # lr 1e-2 moves the weights far enough that a stale head would show.
    assert killed_run.steps[1]["actor/kl_loss"] > 1e-4
    assert [row["still/temperature"] for row in killed_run.steps] == pytest.approx([1.0, 1.05, 1.1, 1.15])


def test_the_numbers_of_a_first_on_policy_step(killed_run: Any) -> None:
    first = killed_run.steps[0]
    assert first["actor/kl_loss"] == 0 and first["actor/ppo_kl"] == 0
    assert first["actor/grad_norm"] > 0


def test_the_workers_use_the_coefficients_of_the_step(killed_run: Any) -> None:
    """`actor/*_coef` come from the worker's loss, `still/*/coef` from the trainer."""
    expected = [0.1, 0.075, 0.025, 0.0]
    assert [row["actor/kl_coef"] for row in killed_run.steps] == pytest.approx(expected, abs=1e-12)
    assert [row["still/kl/coef"] for row in killed_run.steps] == pytest.approx(expected, abs=1e-12)
    entropy = [1e-3 * (1 - t / 10) for t in range(4)]
    assert [row["actor/entropy_coef"] for row in killed_run.steps] == pytest.approx(entropy)


def test_without_kl_there_is_no_reference_pass(killed_run: Any) -> None:
    assert ["timing_s/ref" in row for row in killed_run.steps] == [True, True, True, False]
    assert "actor/kl_loss" not in killed_run.steps[3]


def test_a_step_caps_its_responses_by_its_own_budget(killed_run: Any) -> None:
    """A random model of about a hundred symbols seldom ends by itself."""
    for row in killed_run.steps:
        budget = 8 if row["training/global_step"] < 3 else 16
        assert row["still/context/budget"] == row["response_length/max"] == budget
        assert row["still/test/tokens"] == pytest.approx(row["response_length/mean"])
        assert 0.5 < row["still/test/cut"] <= 1


def test_hooks_are_called_in_order_with_the_right_step(killed_run: Any) -> None:
    seen = [(row["hook"], row["step"]) for row in killed_run.hooks()][:11]
    step = ["on_step_begin", "on_batch", "on_update", "on_metrics"]
    assert seen == [("on_init_end", 0), *((hook, 1) for hook in step), *((hook, 2) for hook in step), *seen[9:]]
    assert [row["rows"] for row in killed_run.hooks("on_batch")][:2] == [16, 16]


def test_the_run_folder_has_metrics_dumps_and_checkpoint(killed_run: Any, samples: Callable[..., Any]) -> None:
    run = killed_run.folder / "run"
    state = json.loads((run / "checkpoints/global_step_3/still.json").read_text())
    assert state["Recorder"] == {"steps_seen": 3}
    rows = samples(run / "rollouts/1.jsonl")
    assert len(rows) == 16 and len({row["score"] for row in rows}) > 2
    assert (run / ".hydra/config.yaml").is_file()
    assert json.loads((run / "versions.json").read_text())["verl"] == "0.9.1"


def test_the_reference_becomes_the_actor_every_second_step(killed_run: Any) -> None:
    """Checked by the weights. After a reset the next step's KL is 0, by definition."""
    same = {row["step"]: row["sums"][0][0] == row["sums"][0][1] for row in killed_run.hooks("on_update")[:4]}
    assert same == {1: False, 2: True, 3: False, 4: True}
    assert killed_run.steps[2]["actor/kl_loss"] < 1e-6 < killed_run.steps[1]["actor/kl_loss"]


def test_the_workers_use_every_number_of_the_step_also_after_a_kill_and_a_resume(resumed_run: Any) -> None:
    """`actor/used/*` come from the config of the worker's loss, and from its optimizer right before the update.

    Steps 4 to 6 are there once for each time that they ran.
    """
    assert [row["training/global_step"] for row in resumed_run.steps][:5] == [1, 2, 3, 4, 4]
    for row in resumed_run.steps:
        time = row["training/global_step"] - 1
        clip, rate = 0.2 + 0.01 * time, 0.01 - 0.001 * time
        assert row["actor/used/clip_ratio_high"] == pytest.approx(clip, rel=1e-9)
        assert row["actor/used/lr"] == row["actor/lr"] == pytest.approx(rate, rel=1e-9)
        assert row["still/schedules/clip_ratio_high"] == pytest.approx(clip, rel=1e-9)
        assert row["still/schedules/lr"] == pytest.approx(rate, rel=1e-9)


def test_a_resumed_run_goes_on_where_the_checkpoint_was(killed_run: Any, resumed_run: Any) -> None:
    """Step, callback state, optimizer, rollout weights and the reference, which is that of step 2."""
    assert [row["training/global_step"] for row in resumed_run.steps] == [1, 2, 3, 4, 4, 5, 4, 5, 6]
    assert resumed_run.steps[-1]["still/test/steps_seen"] == 6
    assert resumed_run.steps[-1]["training/rollout_probs_diff_max"] < 1e-4
    saved = next(row for row in killed_run.hooks("on_update") if row["step"] == 3)
    for restored in resumed_run.hooks("on_init_end")[1:]:
        assert restored["step"] == 3 and restored["steps_seen"] == 3
        assert restored["sums"] == saved["sums"]


def test_a_resumed_run_says_which_settings_are_others_now(resumed_run: Any) -> None:
    """The first resume had the same as the checkpoint, the second validates and has another tracker."""
    rows = list(json_lines(resumed_run.folder / "run/resumes.jsonl"))
    assert {(row["step"], row["key"]) for row in rows} == {(3, "trainer.logger"), (3, "trainer.test_freq")}
    assert resumed_run.log.count("still_verl: resumed after step 3 with another setting: ") == len(rows) == 2


def test_a_run_that_was_killed_twice_equals_one_that_was_not(
    resumed_run: Any, train: Callable[..., Any], untrained: Any, tmp_path: Path
) -> None:
    """Coefficients, budgets, losses and the weights of actor and reference, of every step, to the last bit."""
    whole = train(tmp_path, *untrained("random"), *DYNAMICS)
    check_same(resumed_run.folder, whole.folder, steps=6)


def test_validation_has_its_own_budget(resumed_run: Any, samples: Callable[..., Any]) -> None:
    validation = samples(resumed_run.folder / "run/validation/6.jsonl")
    assert {"pred", "reason", "acc", "score"} <= set(validation[0])
    assert max(len(row["output"]) for row in validation) <= 12
    assert all(row["score_distill"] == -1 for row in validation)


def test_tensorboard_has_the_curves_of_the_run_folder(resumed_run: Any) -> None:
    run = resumed_run.folder / "run"
    ours, events = values_of(run), values_of(run / "tensorboard")
    assert list(events["still/kl/coef"]) == [4, 5, 6] and "still/validation/accuracy" in events
    for name, values in events.items():
        assert values == pytest.approx({step: ours[name][step] for step in values}, rel=1e-6), name
