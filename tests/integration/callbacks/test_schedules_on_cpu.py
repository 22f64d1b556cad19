"""Numbers of the loss and the learning rate, each by its schedule."""

from typing import Any

import pytest

from still_verl.dynamics.schedules import ScheduleConfig, value_at
from still_verl.integration.callbacks.schedules import Schedules

NODE = {
    "clip_ratio_high": {"kind": "linear", "start": 0.2, "end": 0.28, "horizon": 4},
    "policy_loss": {"clip_cov_ratio": {"kind": "cosine", "start": 0.01, "horizon": 4}},
    "lr": {"kind": "constant", "start": 1e-5, "warmup": 2},
}


def test_each_number_is_set_and_logged_by_its_own_schedule(job: Any, trainer: Any) -> None:
    config = job(schedules=NODE)
    schedules, run = Schedules(config), trainer(config)
    for time in range(5):
        logged = run.step(schedules)
        expected = {
            "clip_ratio_high": value_at(ScheduleConfig(**NODE["clip_ratio_high"]), time, 4),
            "policy_loss.clip_cov_ratio": value_at(ScheduleConfig("cosine", 0.01, horizon=4), time, 4),
            "lr": (0, 0.5e-5, 1e-5, 1e-5, 1e-5)[time],
        }
        assert logged == {f"still/schedules/{name}": pytest.approx(value) for name, value in expected.items()}
        set_in_loss = expected | {"optim.lr": expected["lr"]}
        del set_in_loss["lr"]
        assert run.loss_values == pytest.approx(set_in_loss)


def test_a_resumed_run_is_where_it_was(job: Any, trainer: Any) -> None:
    config = job(schedules=NODE)
    whole, run = Schedules(config), trainer(config)
    for _ in range(3):
        expected = run.step(whole)
    resumed, again = Schedules(config), trainer(config)
    resumed.load_state_dict(whole.state_dict())
    again.global_steps = 2
    resumed.on_init_end(again)
    assert again.step(resumed) == expected and again.loss_values == run.loss_values


def test_a_rate_that_is_no_longer_driven_is_the_jobs_again(
    job: Any, trainer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The optimizer's checkpoint holds the rate of the last step, and verl would go on with that."""
    before = Schedules(job(schedules=NODE))
    config = job(schedules={"clip_ratio_high": NODE["clip_ratio_high"]})
    resumed, run = Schedules(config), trainer(config)
    resumed.load_state_dict(before.state_dict())
    resumed.on_init_end(run)
    assert run.loss_values == {"optim.lr": 1e-6}
    assert "still.schedules.lr is no longer there, so the learning rate is 1e-06" in capsys.readouterr().out
    assert resumed.state_dict() == {"driven": ["clip_ratio_high"]}


def test_without_schedules_it_sets_nothing(job: Any, trainer: Any) -> None:
    config = job()
    schedules, run = Schedules(config), trainer(config)
    schedules.on_init_end(run)
    assert run.step(schedules) == {} and run.loss_values == {}
