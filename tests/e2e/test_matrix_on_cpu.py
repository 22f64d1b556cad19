"""Every recipe and every choice of every group trains: a scaled-down job a recipe, in which each choice occurs."""

from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from still_verl import paths

pytestmark = pytest.mark.e2e

DEMOS = {"base", "demo", "demo_skills", "demo_smollm2"}
# Scaling down decides the device, with its engine, and what a recipe leaves open.
SCALED = {"device", "scale", "fallback", "offload"}
GROUPS = [folder for folder in sorted((paths.recipes_dir() / "still").iterdir()) if folder.name not in SCALED]
# `own` is an old name of `inherit`. The others are paid by tests, puzzles and instructions, and these data have sums.
LEFT_OUT = {"own", "code", "instructed", "logic"}


def names(folder: Path) -> list[str]:
    """The choices of a group."""
    found = sorted(path.stem for path in folder.glob("*.yaml"))
    if folder.name == "reward":
        return [name for name in found if name not in LEFT_OUT]
    return [name for name in found if name != "own"]


def jobs() -> list[list[str]]:
    """As many jobs as the longest list has entries; shorter lists begin again."""
    recipes = [name for name in names(paths.recipes_dir() / "recipe") if name not in DEMOS]
    columns = {"+recipe": recipes} | {f"still/{folder.name}": names(folder) for folder in GROUPS}
    size = max(len(column) for column in columns.values())
    rows = zip(*(islice(cycle(column), size) for column in columns.values()), strict=True)
    return [[f"{key}={choice}" for key, choice in zip(columns, row, strict=True)] for row in rows]


# What the choice `inherit` leaves to the job; a reward of the job's is called by verl's naive manager.
INHERITED = {
    "still/reward=inherit": [
        "reward.reward_manager.name=naive",
        "reward.custom_reward_function.path=${still.reward_fn:boxed_math}",
    ],
    "still/policy=inherit": ["actor_rollout_ref.actor.ppo_mini_batch_size=2"],
}
# Groups whose settings verl's naive manager does not read, so that the checks refuse them beside it.
UNREAD = {"still/reward=inherit": "still/verifier="}
# Choices that the checks refuse beside another one than this of the second group.
ONLY_BESIDE = {"still/selection=void": "still/rollout=code"}


@pytest.mark.parametrize("overrides", jobs(), ids=lambda overrides: overrides[0].removeprefix("+recipe="))
def test_two_real_steps(overrides: list[str], start_job: Callable[..., Any], tmp_path: Path) -> None:
    inherited, unread = [], []
    for override in overrides:
        inherited += INHERITED.get(override, [])
        unread += [group for choice, group in UNREAD.items() if choice == override]
    read = [override for override in overrides if not override.startswith(tuple(unread))]
    for choice, needed in ONLY_BESIDE.items():
        if choice in read:
            group = needed.partition("=")[0] + "="
            read = [needed if override.startswith(group) else override for override in read]
    job = start_job(tmp_path, [*read, *inherited, "+still/scale=tiny", "still.run_dir=run"])
    assert job.wait(300) == 0, job.log[-6000:]
    assert [row["training/global_step"] for row in job.steps] == [1, 2]
    assert job.left_behind() == []
