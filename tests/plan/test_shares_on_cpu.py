"""Passes that not every step makes."""

import pytest

from still_verl.plan.compose import job_config
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.roofline import step_time

LEFT_OUT = ["still.old_log_prob.skip=true", "actor_rollout_ref.rollout.calculate_log_probs=false"]


def planned(*overrides: str, steps: int = 100) -> Job:
    return read_job(job_config(["+recipe=zero_7b_plain", "still/policy=on_policy", *overrides]), steps=steps)


def test_the_pass_is_left_out_but_for_the_entropy() -> None:
    assert planned().old_logprob_share == 1
    assert planned(*LEFT_OUT).old_logprob_share == 0.1
    assert planned(*LEFT_OUT, steps=11).old_logprob_share == pytest.approx(2 / 11)  # steps 1 and 11
    assert planned(*LEFT_OUT, "still.old_log_prob.entropy_every=0").old_logprob_share == 0
    assert planned(*LEFT_OUT, "actor_rollout_ref.actor.calculate_entropy=true").old_logprob_share == 0


@pytest.mark.parametrize(
    "reader",
    [
        "still/policy=off_policy",
        "actor_rollout_ref.actor.ppo_epochs=2",
        "algorithm.use_kl_in_reward=true",
        "actor_rollout_ref.rollout.calculate_log_probs=true",
        "algorithm.rollout_correction.rollout_is=token",
        "trainer.v1.trainer_mode=separate_async",
        "still.entropy.kind=adaptive still.entropy.target=1 still.entropy.rate=0.1",
    ],
)
def test_it_stays_where_something_reads_it(reader: str) -> None:
    assert planned(*LEFT_OUT, *reader.split()).old_logprob_share == 1


def test_its_seconds_follow_the_share() -> None:
    hardware = parse_hardware("8xH100-80G")
    whole, tenth = planned(), planned(*LEFT_OUT)
    with_it, without = (step_time(job, hardware, job.stages[0]).seconds for job in (whole, tenth))
    assert without["old log-probs"] == pytest.approx(with_it["old log-probs"] / 10)
    assert without["update"] == with_it["update"]
