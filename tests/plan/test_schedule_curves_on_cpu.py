from pathlib import Path

import pytest
import warm_python

from still_verl.config_errors import ConfigError
from still_verl.plan.compose import job_config
from still_verl.plan.schedule_curves import as_text, schedule_curves


def test_the_curves_of_a_recipe_are_its_schedules_step_by_step() -> None:
    config = job_config(["+recipe=base", "still/kl=linear", "still.context.stages=[[1,8],[3,16]]"])
    drawn, following = schedule_curves(config, steps=4)
    assert {curve.name: curve.values for curve in drawn} == {
        "KL coefficient": pytest.approx([1e-3, 7.5e-4, 5e-4, 2.5e-4]),
        "response budget": [8, 8, 16, 16],
    }
    assert following == []
    assert "KL coefficient" in as_text(drawn[0])


def test_what_follows_the_run_is_described_and_not_drawn() -> None:
    drawn, following = schedule_curves(job_config(["+recipe=demo", "still/entropy=adaptive"]))
    assert drawn == []
    assert following == ["entropy coefficient: starts at 0 and follows the target 0.2, between 0 and 0.01"]


def test_a_run_of_unknown_length_asks_for_it() -> None:
    with pytest.raises(ConfigError, match="give --steps"):
        schedule_curves(job_config(["+recipe=base"]))


@pytest.mark.process
def test_the_command_draws_text_and_a_picture(tmp_path: Path) -> None:
    command = ["-m", "still_verl", "plan", "--schedule", "+recipe=demo", "still/kl=cosine"]
    done = warm_python.run([*command, "--png", str(tmp_path / "s.png")], timeout=120)
    assert done.returncode == 0, done.stderr
    assert "KL coefficient" in done.stdout and "┤" in done.stdout
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    wrong = warm_python.run([*command, "still/kl=cosin"], timeout=120)
    assert wrong.returncode == 1 and "Could not find 'still/kl/cosin'" in wrong.stderr.splitlines()[-1]
