"""A real run that chooses its problems: killed and resumed, it draws those that it would have drawn."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kills import REPRODUCIBLE

from still_verl.integration.callbacks.curriculum import ARRAYS, FILE

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 5
SETTINGS = [
    *REPRODUCIBLE,
    "still/curriculum=thompson",
    "still.curriculum.rest_steps=2",
    "data.seed=3",
    "trainer.save_freq=1",
    f"trainer.total_training_steps={STEPS}",
    "trainer.total_epochs=10",
]


def known(folder: Path, step: int) -> dict[str, list[Any]]:
    """What the checkpoint of a step knows of the problems, and how the next ones will be drawn."""
    checkpoint = folder / f"run/checkpoints/global_step_{step}"
    with np.load(checkpoint / FILE) as kept:
        found = {name: kept[name].tolist() for name in ARRAYS}
    state = json.loads((checkpoint / "still.json").read_text())["Curriculum"]
    return found | {"random": state["random"], "prior": state["prior"]}


@pytest.mark.timeout(900)
def test_a_run_that_is_killed_draws_the_same_problems(
    start_small: Callable[..., Any], untrained: Callable[[str], list[str]], tmp_path: Path
) -> None:
    overrides = [*untrained("random"), *SETTINGS]
    folder = Path(os.environ.get("STILL_CURRICULUM", tmp_path)).resolve()
    killed = start_small(folder / "killed", *overrides, DIE_AT_STEP="4")
    assert killed.wait(360) != 0
    for run in ("killed", "whole"):
        job = start_small(folder / run, *overrides)
        assert job.wait(360) == 0 and job.left_behind() == [], job.log[-6000:]
    before = np.zeros(0)
    for step in range(1, STEPS + 1):
        expected = known(folder / "whole", step)
        assert known(folder / "killed", step) == expected
        asked = np.array(expected["asked"])
        drawn = asked - (before if len(before) else 0)
        assert drawn.sum() == 4 and drawn.max() == 1
        assert ((np.array(expected["right"]) + expected["wrong"] > 0) == (asked > 0)).all(), "all were answered"
        before = asked
    for row in job.steps:
        assert row["still/curriculum/lag"] == 0
        assert 0 <= row["still/curriculum/signal"] <= 1
    assert job.steps[-1]["still/curriculum/coverage"] == np.mean(before > 0)
