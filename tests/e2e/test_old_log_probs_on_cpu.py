"""An on-policy job without verl's pass for the old log-probs learns the same as one with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from kills import REPRODUCIBLE

from still_verl.monitor.jsonl import read_metrics

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 10
SETTINGS = [
    *REPRODUCIBLE,
    "still/policy=on_policy",
    "still/kl=fixed",
    "still.kl.start=1e-2",
    "actor_rollout_ref.rollout.calculate_log_probs=false",
    f"trainer.save_freq={STEPS}",
    f"trainer.total_training_steps={STEPS}",
]
SKIPPED = ["still.old_log_prob.skip=true", "still.old_log_prob.entropy_every=4"]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the actor's weights after the last step."""
    (file,) = Path(folder, f"run/checkpoints/global_step_{STEPS}/actor").glob("model_world_size_1_rank_0.pt")
    found: dict[str, torch.Tensor] = torch.load(file, weights_only=False)
    return {name: getattr(value, "_local_tensor", value) for name, value in found.items()}


def steps(folder: Path) -> list[dict[str, Any]]:
    return [row for row in read_metrics(folder / "run") if "training/global_step" in row]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_weights_are_the_same(
    train: Callable[..., Any], untrained: Callable[[str], list[str]], tmp_path: Path, seed: int
) -> None:
    overrides = [*untrained("random"), *SETTINGS, f"data.seed={seed}", f"actor_rollout_ref.rollout.seed={seed}"]
    train(tmp_path / "with", *overrides)
    train(tmp_path / "without", *overrides, *SKIPPED)
    expected, found = weights(tmp_path / "with"), weights(tmp_path / "without")
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=0, msg=name)

    both = list(zip(steps(tmp_path / "with"), steps(tmp_path / "without"), strict=True))
    assert len(both) == STEPS
    for before, after in both:
        assert after["actor/pg_clipfrac"] == after["actor/ppo_kl"] == 0
        assert after["still/kl/per_token"] == pytest.approx(before["still/kl/per_token"], abs=1e-6)
    entropies = [after.get("actor/entropy") for _, after in both]
    assert [entropy is not None for entropy in entropies] == [step % 4 == 0 for step in range(STEPS)]
