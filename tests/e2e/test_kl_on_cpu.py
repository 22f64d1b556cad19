"""Every schedule of the KL coefficient in both places, as the workers see it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 4
SCHEDULES = {
    "cosine": (
        ["still/kl=cosine", "still.kl.start=0.1", "still.kl.horizon=4"],
        [0.1, 0.0853553391, 0.05, 0.0146446609],
    ),
    "linear": (["still/kl=linear", "still.kl.start=0.1", "still.kl.horizon=4"], [0.1, 0.075, 0.05, 0.025]),
    "piecewise": (["still/kl=piecewise", "still.kl.points=[[0,0.1],[2,0.02],[3,0.05]]"], [0.1, 0.06, 0.02, 0.05]),
    "adaptive": (["still/kl=adaptive", "still.kl.target=1e-4"], None),
}


@pytest.mark.parametrize(
    ("schedule", "place", "ranks"),
    [
        ("cosine", "loss", 2),
        ("cosine", "reward", 1),
        ("linear", "loss", 1),
        ("linear", "reward", 2),
        ("piecewise", "loss", 2),
        ("piecewise", "reward", 1),
        ("adaptive", "loss", 1),
        ("adaptive", "reward", 2),
    ],
)
def test_the_worker_uses_the_value_of_the_schedule(
    schedule: str, place: str, ranks: int, train: Callable[..., Any], untrained: Any, tmp_path: Path
) -> None:
    settings, expected = SCHEDULES[schedule]
    job = train(
        tmp_path,
        *untrained("random-untied"),
        *settings,
        f"actor_rollout_ref.actor.use_kl_loss={place == 'loss'}",
        f"still.kl.place={place}",
        f"trainer.n_gpus_per_node={ranks}",
        f"trainer.total_training_steps={STEPS}",
    )
    used = [row["actor/kl_coef" if place == "loss" else "actor/reward_kl_penalty_coeff"] for row in job.steps]
    assert used == pytest.approx([row["still/kl/coef"] for row in job.steps], abs=1e-12)
    if expected:
        assert used == pytest.approx(expected, abs=1e-9)
    else:  # below its target in the first step, where the actor is the reference, above it afterwards
        assert used[1] < used[0] and used[1] < used[2] < used[3]
