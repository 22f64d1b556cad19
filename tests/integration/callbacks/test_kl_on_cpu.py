"""The KL coefficient of each step, in the loss and in the reward."""

import math
from typing import Any

import pytest

from still_verl.integration.callbacks.kl import Kl
from still_verl.integration.per_token import KL

LINEAR = {"kind": "linear", "start": 0.4}
ADAPTIVE = {"kind": "adaptive", "start": 0.1, "target": 0.05, "rate": 0.5, "ceiling": 1.0}


def test_it_is_left_out_where_the_job_keeps_verls_own_setting(job: Any) -> None:
    assert not Kl(job()).active and not Kl(job(kl={"kind": "own"})).active
    assert Kl(job(kl=LINEAR)).active and Kl(job(kl=ADAPTIVE)).active


def test_the_loss_gets_the_value_of_the_step_and_the_reference_is_not_run_at_zero(job: Any, trainer: Any) -> None:
    config = job(kl=LINEAR | {"horizon": 2})
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    seen = [(run.step(kl)["still/kl/coef"], dict(run.loss_values), run.use_reference_policy) for _ in range(3)]
    assert [value for value, _, _ in seen] == pytest.approx([0.4, 0.2, 0.0])
    assert [values["kl_loss_coef"] for _, values, _ in seen] == pytest.approx([0.4, 0.2, 0.0])
    assert [values["use_kl_loss"] for _, values, _ in seen] == [needed for _, _, needed in seen] == [True, True, False]


def test_a_schedule_that_rises_again_runs_the_reference_again(job: Any, trainer: Any) -> None:
    config = job(kl={"kind": "piecewise", "points": [[0, 0.1], [1, 0], [2, 0.3]]})
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    assert [(run.step(kl), run.use_reference_policy)[1] for _ in range(3)] == [True, False, True]


def test_a_run_without_a_reference_never_asks_for_one(job: Any, trainer: Any) -> None:
    config = job(kl=LINEAR)
    kl, run = Kl(config), trainer(config)
    run.use_reference_policy = False
    kl.on_init_end(run)
    run.step(kl)
    assert not run.use_reference_policy and run.loss_values["use_kl_loss"] is False


def test_in_the_reward_verls_controller_gets_it(job: Any, trainer: Any) -> None:
    config = job(kl=LINEAR | {"place": "reward"})
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    run.step(kl)
    assert run.kl_ctrl_in_reward.value == 0.4 and run.config.algorithm.use_kl_in_reward
    run.kl_ctrl_in_reward.update(current_kl=9.0, n_steps=1)  # what verl does after each batch
    assert run.kl_ctrl_in_reward.value == 0.4 and run.loss_values == {}


@pytest.mark.parametrize("place", ["loss", "reward"])
def test_an_adaptive_one_follows_the_kl_per_token(job: Any, trainer: Any, place: str) -> None:
    """Not verl's own figures: one follows `loss_agg_mode`, the other counts padding as a KL of 0."""
    config = job(kl=ADAPTIVE | {"place": place})
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    run.step(kl, **{KL: 5.0, "actor/kl_loss": 0.0, "actor/reward_kl_penalty": 0.0})
    assert kl.number.coefficient.adapted == pytest.approx(0.1 * (1 + 0.5 * 0.2))
    run.step(kl)  # a step that had nothing to learn from
    assert kl.number.coefficient.adapted == pytest.approx(0.11)


def test_in_the_reward_workers_measure_it_by_the_estimator_of_the_reward(job: Any, trainer: Any) -> None:
    config = job(kl=ADAPTIVE | {"place": "reward"})
    run = trainer(config)
    Kl(config).on_init_end(run)
    assert run.loss_values == {"kl_loss_type": "kl"}


@pytest.mark.parametrize("seen", [math.nan, math.inf, -math.inf])
def test_a_kl_that_is_no_number_changes_nothing_and_is_said(
    job: Any, trainer: Any, seen: float, capsys: pytest.CaptureFixture[str]
) -> None:
    config = job(kl=ADAPTIVE)
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    run.step(kl, **{KL: seen})
    assert kl.state_dict() == {"adapted": 0.1}
    assert f"step 1: {KL} is {seen}, so still.kl keeps its coefficient 0.1" in capsys.readouterr().out
    run.step(kl, **{KL: 5.0})
    assert kl.number.coefficient.adapted == pytest.approx(0.11)


def test_an_update_in_which_nothing_was_measured_is_said(
    job: Any, trainer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    config = job(kl=ADAPTIVE)
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    run.step(kl, **{"actor/kl_loss": 0.3})
    assert f"{KL} is None, so still.kl keeps" in capsys.readouterr().out


def test_a_checkpoint_that_was_poisoned_is_refused(job: Any) -> None:
    with pytest.raises(ValueError, match="the checkpoint has nan as the adapted coefficient: resume from an earlier"):
        Kl(job(kl=ADAPTIVE)).load_state_dict({"adapted": math.nan})
    Kl(job(kl=LINEAR)).load_state_dict({"adapted": math.nan})  # of no use to a schedule


def test_a_resumed_value_lies_within_the_bounds_that_the_job_has_now(job: Any) -> None:
    kl = Kl(job(kl=ADAPTIVE | {"ceiling": 0.2}))
    kl.load_state_dict({"adapted": 0.7})
    assert kl.number.coefficient.adapted == 0.2


def test_a_resume_that_makes_it_adaptive_begins_at_the_start_that_the_job_has_now(
    job: Any, trainer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at that of the schedule which the checkpoint was written with: nothing follows that any more."""
    before = job(kl=LINEAR)
    kl, run = Kl(before), trainer(before)
    kl.on_init_end(run)
    run.step(kl)
    now = Kl(job(kl=ADAPTIVE))
    now.load_state_dict(kl.state_dict())
    now.on_init_end(run)
    assert run.step(now)["still/kl/coef"] == 0.1
    said = "still_verl: still.kl was not adaptive in the checkpoint, so it begins at still.kl.start=0.1"
    assert capsys.readouterr().out.splitlines() == [said]


@pytest.mark.parametrize("later", [LINEAR, ADAPTIVE])
def test_a_resume_that_changes_nothing_about_it_says_nothing(
    job: Any, later: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Kl(job(kl=later)).load_state_dict(Kl(job(kl=later)).state_dict())
    Kl(job(kl=LINEAR)).load_state_dict(Kl(job(kl=ADAPTIVE)).state_dict())  # a schedule depends on the step alone
    assert capsys.readouterr().out == ""


def test_a_resumed_run_goes_on_with_the_adapted_value(job: Any, trainer: Any) -> None:
    config = job(kl=ADAPTIVE)
    kl, run = Kl(config), trainer(config)
    kl.on_init_end(run)
    run.step(kl, **{KL: 5.0})
    again = Kl(config)
    again.load_state_dict(kl.state_dict())
    again.on_init_end(run)
    assert run.step(again)["still/kl/coef"] == pytest.approx(0.11)
