"""The three trainer modes learn the same where no sample is stale; what the separate one does with stale samples."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

MODES = {
    "sync": [],
    "colocate_async": ["trainer.v1.colocate_async.num_warmup_batches=0"],
    "separate_async": [
        "trainer.v1.separate_async.num_warmup_batches=0",
        "trainer.v1.separate_async.parameter_sync_step=1",
        "actor_rollout_ref.rollout.nnodes=1",
    ],
}
# Responses follow from the weights alone; coefficients differ in every step, and the reference changes.
SAME = [
    "actor_rollout_ref.model.external_lib=seeded_loop",
    "actor_rollout_ref.rollout.agent.default_agent_loop=still_seeded",
    "data.shuffle=false",
    "still.callbacks=[recorder.Recorder]",
    "still/kl=cosine",
    "still.kl.start=0.1",
    "still.kl.horizon=4",
    "still/entropy=linear",
    "still.entropy.horizon=10",
    "still.reference.reset_every=2",
    "trainer.total_training_steps=4",
]


def run(mode: str, train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp(mode)
    return train(folder, *untrained("random-untied"), *SAME, *MODES[mode], f"trainer.v1.trainer_mode=still_{mode}")


@pytest.fixture(scope="module")
def in_sync(train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run("sync", train, untrained, tmp_path_factory)


@pytest.mark.parametrize("mode", [pytest.param("colocate_async", marks=pytest.mark.slow), "separate_async"])
def test_an_asynchronous_mode_without_stale_samples_is_the_synchronous_one(
    mode: str, in_sync: Any, train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same samples, losses and weights of actor and reference; sums of floats differ by the order of the rows."""
    job = run(mode, train, untrained, tmp_path_factory)
    assert len(job.steps) == len(in_sync.steps) == 4
    assert job.steps[2]["actor/kl_loss"] < 1e-6  # before the first update after the reset of step 2
    for row, expected in zip(job.steps, in_sync.steps, strict=True):
        assert row["training/off_policy/trajectory_staleness/max"] == 0
        assert row["training/rollout_probs_diff_max"] < 1e-5
        for name in ("kl_loss", "kl_coef", "entropy", "entropy_coef", "grad_norm", "pg_loss"):
            assert row[f"actor/{name}"] == pytest.approx(expected[f"actor/{name}"], rel=1e-4, abs=1e-5), name
    for row, expected in zip(job.hooks("on_metrics"), in_sync.hooks("on_metrics"), strict=True):
        assert sorted(row["tokens"]) == sorted(expected["tokens"])
    for row, expected in zip(job.hooks("on_update"), in_sync.hooks("on_update"), strict=True):
        assert row["sums"][0] == pytest.approx(expected["sums"][0], rel=1e-6)


def test_the_runs_compared_above_learn(in_sync: Any) -> None:
    """Equal runs that do nothing would be equal, too."""
    assert [row["actor/kl_loss"] > 1e-4 for row in in_sync.steps] == [False, True, False, True]
    assert in_sync.steps[2]["actor/kl_loss"] < 1e-6  # before the first update after the reset of step 2
    weights = [row["sums"][0][0] for row in in_sync.hooks("on_init_end", "on_update")]
    assert len(set(weights)) == 5


@pytest.fixture(scope="module")
def stale(train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two mini-batches between weight updates of the rollout, a batch ahead; some mini-batches are dropped whole."""
    return train(
        tmp_path_factory.mktemp("stale"),
        *untrained("random-untied"),
        "trainer.v1.trainer_mode=still_separate_async",
        "trainer.v1.separate_async.parameter_sync_step=2",
        "actor_rollout_ref.actor.ppo_mini_batch_size=2",
        "actor_rollout_ref.rollout.nnodes=1",
        "still.selection.rules=[rules.one_mini_batch_dropped]",
        "still.callbacks=[recorder.Recorder]",
        "still/kl=cosine",
        "still.kl.start=0.1",
        "still.kl.horizon=4",
        "still.reference.reset_every=2",
        "trainer.total_training_steps=4",
    )


def test_schedules_and_resets_go_by_the_step_of_the_update(stale: Any) -> None:
    staleness = [row["training/off_policy/trajectory_staleness/max"] for row in stale.steps]
    # Whether a batch is drawn before or after new weights come is for the speed of the machine, but for the first two.
    assert staleness[:2] == [0, 1] and set(staleness) == {0, 1}
    expected = [0.1, 0.0853553391, 0.05, 0.0146446609]
    assert [row["actor/kl_coef"] for row in stale.steps] == pytest.approx(expected, abs=1e-9)
    same = [actor == reference for row in stale.hooks("on_update") for actor, reference in row["sums"]]
    assert same == [False, True, False, True]


def test_what_is_dropped_counts_in_the_step_that_drops_it(stale: Any) -> None:
    assert [row["rows"] for row in stale.hooks("on_batch")] == [8, 8, 0, 8, 8, 0, 8, 8]
    dropped = [row["still/selection/dropped_samples"] for row in stale.steps]
    assert dropped == [0, 0.5, 0.5, 0]
    assert [len(row["tokens"]) for row in stale.hooks("on_metrics")] == [16, 16, 16, 16]


def test_old_log_probs_are_those_of_the_weights_before_the_first_update_of_the_step(stale: Any) -> None:
    """Two updates: the second measures how far the first went. One update, whichever mini-batch it is: nothing yet."""
    moved = [row["actor/ppo_kl"] for row in stale.steps]
    assert abs(moved[0]) > 1e-4 and abs(moved[3]) > 1e-4
    assert moved[1] == pytest.approx(0, abs=1e-6) and moved[2] == pytest.approx(0, abs=1e-6)
    # Samples of step 1 are of the weights that learn from them, those of step 2 of the weights before.
    apart = [row["training/rollout_probs_diff_max"] for row in stale.steps]
    assert apart[0] < 1e-5 and apart[1] > 1e-4
    assert stale.steps[2]["actor/kl_loss"] == pytest.approx(0, abs=1e-6)  # the reference was reset, and one update made


@pytest.mark.slow
def test_the_separate_mode_on_two_ranks_is_resumed(
    train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a critic. The second rank only helps to gather the weights. Prompts that were under way are sent again."""
    settings = [
        *untrained("random"),
        "trainer.v1.trainer_mode=still_separate_async",
        "trainer.v1.separate_async.parameter_sync_step=2",
        "actor_rollout_ref.actor.ppo_mini_batch_size=2",
        "actor_rollout_ref.rollout.nnodes=1",
        "actor_rollout_ref.rollout.n_gpus_per_node=1",
        "trainer.n_gpus_per_node=2",
        "algorithm.adv_estimator=gae",
        "critic.ppo_mini_batch_size=1",
        "critic.optim.lr=5e-4",
        "+reward.custom_reward_function.reward_kwargs.offset=1.0",  # far from what a new critic says
        "still.callbacks=[recorder.Recorder]",
        "still/kl=cosine",
        "still.kl.start=0.1",
        "still.kl.horizon=4",
        "still.reference.reset_every=2",
        "trainer.save_freq=2",
        "trainer.test_freq=2",  # by the rollout of the trainer's devices, which goes to sleep again
    ]
    folder = tmp_path_factory.mktemp("resumed")
    train(folder, *settings, "trainer.total_training_steps=2", timeout=480)
    job = train(folder, *settings, "trainer.total_training_steps=4", timeout=480)
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3, 4]
    expected = [0.1, 0.0853553391, 0.05, 0.0146446609]
    assert [row["actor/kl_coef"] for row in job.steps] == pytest.approx(expected, abs=1e-9)
    assert job.steps[0]["training/rollout_probs_diff_max"] < 1e-4
    for row in job.steps:
        assert row["critic/returns/max"] == pytest.approx(row["critic/score/max"], abs=1e-5)
    far = [abs(row["critic/values/mean"] - row["critic/returns/mean"]) for row in job.steps]
    assert far[2] < far[0] / 2  # the critic goes on, too
    assert ["still/validation/accuracy" in row for row in job.steps] == [False, True, False, True]
    saved, restored = job.hooks("on_update")[1], job.hooks("on_init_end")[-1]
    assert restored["step"] == 2 and restored["sums"] == saved["sums"]
    same = [actor == reference for row in job.hooks("on_update") for actor, reference in row["sums"]]
    assert same == [False, False, True, True, False, False, True, True]
