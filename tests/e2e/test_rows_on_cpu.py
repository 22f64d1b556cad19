"""Each line of the table of figures in docs/recipes.md does two real steps, or one validation, scaled down."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recipe_rows import documented

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# What scaling down decides.
SCALED = ("actor_rollout_ref.model.path=", "data.max_response_length=", "trainer.nnodes=")


def last_choices(command: str) -> list[str]:
    """The overrides of a line, the last choice of each sweep: the first is composed by another test."""
    overrides = []
    for override in command.removeprefix("--config-name still ").split():
        key, _, choices = override.partition("=")
        if key == "recipe":  # of the config `still`, whose recipe can be swept
            key = "+recipe"
        if not override.startswith(SCALED):
            overrides.append(f"{key}={re.sub('.*,', '', choices)}")
    return overrides


@pytest.mark.parametrize("command", documented())
def test_a_line_of_the_table_runs(command: str, run_job: Callable[..., Any], tmp_path: Path) -> None:
    overrides = last_choices(command)
    job = run_job(tmp_path, [*overrides, "+still/scale=tiny", f"still.run_dir={tmp_path}/run"])
    if "trainer.val_only=true" in overrides:
        assert "still/validation/length/correct_mean" in job.log or "still/validation/length/wrong_mean" in job.log
    else:
        assert [row["training/global_step"] for row in job.steps] == [1, 2]
