"""A reference that follows the actor in a real run that is killed and resumed, by the weights in its checkpoints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM

from still_verl.demo.prepare import prepare

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS, KEEP, TARGET = 4, 0.75, 3.0
SETTINGS = [
    "still/kl=fixed",
    "still.kl.start=0.1",
    f"still.reference.ema={KEEP}",
    "still/entropy=adaptive",
    "still.entropy.gate=true",
    "still.entropy.start=0.005",
    f"still.entropy.target={TARGET}",
    "still.callbacks=[recorder.Recorder]",
    "trainer.save_freq=1",
    f"trainer.total_training_steps={STEPS}",
]


def weights(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a file of one rank, in float64."""
    found = {}
    for name, weight in torch.load(path, weights_only=False).items():
        whole = weight.to_local() if isinstance(weight, DTensor) else weight
        found[name] = whole.double()
    return found


def check_gate(steps: list[dict[str, Any]]) -> None:
    """Check that the workers had a bonus in the steps alone whose samples were not above the target."""
    for row in steps:
        before = row["still/entropy/before_update"]
        assert before == pytest.approx(row["actor/entropy"], rel=1e-4)  # verl's own, of the same tokens
        assert row["still/entropy/gate"] == float(before <= TARGET)
        assert row["actor/entropy_coef"] == pytest.approx(row["still/entropy/coef"] * row["still/entropy/gate"])
    coefficients = [row["still/entropy/coef"] for row in steps]
    for (row, now), later in zip(zip(steps, coefficients, strict=True), coefficients[1:], strict=False):
        sign = 1 if row["still/entropy/before_update"] < TARGET else -1
        assert later == pytest.approx(min(max(now + sign * 5e-4, 0), 0.01))


def test_it_is_the_closed_form_also_after_a_kill_and_a_resume(
    start_small: Callable[..., Any], train: Callable[..., Any], untrained: Callable[[str], list[str]], tmp_path: Path
) -> None:
    settings = [*untrained("random-untied"), *SETTINGS]
    killed = start_small(tmp_path, *settings, DIE_AT_STEP="3")
    assert killed.wait(360) != 0
    job = train(tmp_path, *settings)
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3, 4]
    check_gate(job.steps)
    first = AutoModelForCausalLM.from_pretrained(prepare("random-untied").model).state_dict()
    folders = [tmp_path / f"run/checkpoints/global_step_{step}/actor" for step in range(1, STEPS + 1)]
    actors = [weights(folder / "model_world_size_1_rank_0.pt") for folder in folders]
    for updates, folder in enumerate(folders, start=1):
        reference = weights(folder / "reference/reference_world_size_1_rank_0.pt")
        assert reference
        for name, weight in reference.items():
            expected = KEEP**updates * first[name].double()
            for i, actor in enumerate(actors[:updates], start=1):
                expected += (1 - KEEP) * KEEP ** (updates - i) * actor[name]
            torch.testing.assert_close(weight, expected, atol=1e-6, rtol=0)
    assert job.steps[1]["actor/kl_loss"] > 1e-5  # the reference is behind the actor
