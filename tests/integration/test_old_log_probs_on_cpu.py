"""When verl's pass for the old log-probs is left out, and what the loss takes in its place."""

import pytest
import torch
from scripted_model import job
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu

from still_verl.config import still_config
from still_verl.integration.old_log_probs import LEFT_OUT, Passes, fill_in, needed_for

ON_POLICY = [
    "trainer.v1.trainer_mode=still_sync",
    "data.train_batch_size=8",
    "actor_rollout_ref.actor.ppo_mini_batch_size=8",
    "actor_rollout_ref.rollout.n=4",
    "algorithm.adv_estimator=grpo",
    "actor_rollout_ref.rollout.calculate_log_probs=false",
    "still.old_log_prob.skip=true",
]


def test_an_on_policy_job_does_without_the_pass(capsys: pytest.CaptureFixture[str]) -> None:
    config = job(*ON_POLICY)
    assert needed_for(config, still_config(config)) == ""
    passes = Passes(config)
    assert [step for step in range(1, 31) if not passes.left_out(step)] == [1, 11, 21], "for the entropy"
    assert capsys.readouterr().out == ""


def test_without_the_setting_the_pass_stays() -> None:
    passes = Passes(job(*ON_POLICY, "still.old_log_prob.skip=false"))
    assert not any(passes.left_out(step) for step in range(1, 31))


@pytest.mark.parametrize(
    "override", ["actor_rollout_ref.actor.calculate_entropy=true", "still.old_log_prob.entropy_every=0"]
)
def test_no_pass_where_the_loss_computes_the_entropy_or_nobody_wants_it(override: str) -> None:
    passes = Passes(job(*ON_POLICY, override))
    assert all(passes.left_out(step) for step in range(1, 31))


@pytest.mark.parametrize(
    "override",
    [
        "actor_rollout_ref.actor.ppo_mini_batch_size=4",
        "actor_rollout_ref.actor.ppo_epochs=2",
        "trainer.v1.trainer_mode=still_separate_async",
        "still.entropy.kind=adaptive",
        "algorithm.use_kl_in_reward=true",
        "algorithm.rollout_correction.bypass_mode=true",
        "algorithm.rollout_correction.rollout_is=token",
        "algorithm.rollout_correction.rollout_rs=token_k1",
        "actor_rollout_ref.rollout.calculate_log_probs=true",
        "actor_rollout_ref.actor.megatron.router_replay.mode=R2",
        "distillation.enabled=true",
        "algorithm.adv_estimator=optimal_token_baseline",
    ],
)
def test_what_needs_the_pass_keeps_it_and_is_named(override: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [*ON_POLICY, override]
    if "megatron" in override:
        settings.append("model_engine=megatron")
    if "entropy" in override:
        settings += ["still.entropy.target=0.3", "still.entropy.start=0.001", "still.entropy.rate=0.1"]
    passes = Passes(job(*settings))
    assert not any(passes.left_out(step) for step in range(1, 31))
    said = capsys.readouterr().out.replace("True", "true")
    assert said.startswith(
        f"still_verl: still.old_log_prob.skip=true has no effect, the old log-probs are needed: {override}"
    )


def nested(*rows: list[float]) -> torch.Tensor:
    return torch.nested.as_nested_tensor([torch.tensor(row) for row in rows], layout=torch.jagged)


@pytest.mark.parametrize("skipped", [True, False])
def test_the_loss_takes_its_own_log_probs_as_constants(skipped: bool) -> None:
    """Two sequences of four and three tokens, whose last two and one are the response."""
    log_probs = nested([-1.0, -2.0, -3.0, -4.0], [-5.0, -6.0, -7.0]).requires_grad_()
    data = TensorDict({"response_mask": nested([1.0, 1.0], [1.0])}, batch_size=2)
    if skipped:
        tu.assign_non_tensor(data, **{LEFT_OUT: True})
    fill_in(data, log_probs)
    if not skipped:
        assert "old_log_probs" not in data
        return
    old = data["old_log_probs"]
    assert not old.requires_grad
    # A token's log-prob stands at the place of the token before it.
    assert [row.tolist() for row in old.unbind()] == [[-2.0, -3.0], [-6.0]]
