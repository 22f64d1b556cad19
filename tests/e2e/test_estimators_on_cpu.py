"""PPO with a critic, the estimators beside GRPO, and LoRA."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

COSINE = ["still/kl=cosine", "still.kl.start=0.1", "still.kl.horizon=4"]
COEFFICIENTS = [0.1, 0.0853553391, 0.05, 0.0146446609]


@pytest.fixture(scope="module")
def ppo(train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """GAE. Nothing is left of three steps, one prompt of the fourth: three mini-batches of the critic are padding."""
    return train(
        tmp_path_factory.mktemp("ppo"),
        *untrained("random-untied"),
        "algorithm.adv_estimator=gae",
        "critic.ppo_mini_batch_size=1",
        "critic.optim.lr=5e-4",
        "+reward.custom_reward_function.reward_kwargs.offset=1.0",  # far from what a new critic says
        "still.selection.rules=[rules.first_steps_dropped]",
        "still.callbacks=[recorder.Recorder]",
        "trainer.total_training_steps=7",
    )


def test_a_step_of_which_nothing_is_left_changes_and_claims_nothing(ppo: Any) -> None:
    weights = [row["sums"][0][0] for row in ppo.hooks("on_init_end", "on_update")]
    assert len(weights) == 8 and len(set(weights[:4])) == 1 and len(set(weights[3:])) == 5
    assert [row["still/selection/dropped_samples"] for row in ppo.steps] == [1, 1, 1, 0.75, 0, 0, 0]
    computed = ("actor/grad_norm", "critic/vf_loss", "critic/values/mean", "critic/advantages/mean")
    for row in ppo.steps:
        learned = row["training/global_step"] > 3
        assert [name in row for name in computed] == [learned] * 4
        assert "critic/score/mean" in row


def test_a_critic_learns_what_responses_are_paid(ppo: Any) -> None:
    """With gamma and lambda 1 the return of each token is the reward, to which the values come near."""
    learned = ppo.steps[3:]
    for row in learned:
        assert row["critic/returns/max"] == pytest.approx(row["critic/score/max"], abs=1e-5)
        assert row["critic/returns/min"] == pytest.approx(row["critic/score/min"], abs=1e-5)
        assert row["critic/advantages/mean"] == pytest.approx(0, abs=1e-5)
        assert row["actor/grad_norm"] > 0 and row["critic/grad_norm"] > 0
    far = [abs(row["critic/values/mean"] - row["critic/returns/mean"]) for row in learned]
    assert far[0] > 0.3 and far[-1] < far[0] / 2


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["rloo", "reinforce_plus_plus"])
def test_other_estimators(estimator: str, train: Callable[..., Any], untrained: Any, tmp_path: Path) -> None:
    job = train(
        tmp_path,
        *untrained("random-untied"),
        f"algorithm.adv_estimator={estimator}",
        *COSINE,
        "trainer.total_training_steps=4",
    )
    assert [row["actor/kl_coef"] for row in job.steps] == pytest.approx(COEFFICIENTS, abs=1e-9)
    for row in job.steps:
        assert row["actor/grad_norm"] > 0 and row["critic/advantages/max"] > 0 > row["critic/advantages/min"]
        assert row["critic/advantages/mean"] == pytest.approx(0, abs=1e-2)


@pytest.mark.slow
def test_an_adapter_that_is_merged_for_the_rollout(train: Callable[..., Any], untrained: Any, tmp_path: Path) -> None:
    """verl sends merged weights in bf16, so that log-probs differ by its rounding, and no more in later steps."""
    job = train(
        tmp_path,
        *untrained("random-untied"),
        "actor_rollout_ref.model.lora_rank=8",
        "actor_rollout_ref.model.lora.merge=true",
        *COSINE,
        "trainer.total_training_steps=4",
    )
    assert [row["actor/kl_coef"] for row in job.steps] == pytest.approx(COEFFICIENTS, abs=1e-9)
    kl = [row["actor/kl_loss"] for row in job.steps]
    assert kl[0] == 0 and min(kl[1:]) > 1e-3
    assert max(row["training/rollout_probs_diff_max"] for row in job.steps) < 1e-4
