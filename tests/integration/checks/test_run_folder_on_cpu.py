"""One reward in a run folder: a job with another one would go on from the weights that the first was paid for."""

from pathlib import Path

import pytest
from composed import composed

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.run_folder import check_run_folder, keep_reward


def start(folder: Path, *overrides: str) -> None:
    config = composed(["+recipe=base"], [f"still.run_dir={folder}", *overrides])
    still = still_config(config)
    check_run_folder(config, still)
    keep_reward(config, still)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            [],
            ["still/reward=boxed"],
            "reward.reward_manager.name=still: the run in .* has naive, and this job would go on",
        ),
        (["still/reward=boxed"], [], "reward.reward_manager.name=naive: the run in .* has still"),
        (["still/reward=boxed"], ["still/reward=rrl"], "still.reward.preset=rrl: the run in .* has boxed"),
        ([], ["reward.custom_reward_function.path=/a.py"], "custom_reward_function.path=/a.py: the run in .* has None"),
        (
            ["still/reward=boxed"],
            ["still/reward=boxed", "still.reward.weights={correct: 2.0}"],
            "still.reward.weights=",
        ),
    ],
)
def test_a_job_with_another_reward_is_refused(tmp_path: Path, first: list[str], second: list[str], said: str) -> None:
    start(tmp_path, *first)
    (tmp_path / "metrics.jsonl").touch()
    start(tmp_path, *first)  # the same job goes on
    with pytest.raises(ConfigError, match=said):
        start(tmp_path, *second)
    (tmp_path / "reward.json").unlink()
    start(tmp_path, *second)


def test_a_folder_in_which_nothing_was_trained_is_free(tmp_path: Path) -> None:
    start(tmp_path, "still/reward=boxed")
    start(tmp_path)
