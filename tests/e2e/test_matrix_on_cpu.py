"""Every recipe and every choice of every group trains: a scaled-down job a recipe, in which each choice occurs."""

import math
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from still_verl import paths
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.groups import check_choices_of_groups

pytestmark = pytest.mark.e2e

DEMOS = {"base", "demo", "demo_skills", "demo_smollm2", "demo_tools"}
# Scaling down decides the device, with its engine, and what a recipe leaves open.
SCALED = {"device", "scale", "fallback", "offload"}
QUICK = 1  # jobs of a commit, a minute each
SINCE = ("advantage", "clip", "correction", "loss")  # what became standard since the study: behind `-m slow`
FOLDERS = sorted((paths.recipes_dir() / "still").iterdir())
GROUPS = [folder for folder in FOLDERS if folder.name not in SCALED and folder.name not in SINCE]
# `own` is an old name of `inherit`. The others are paid by tests, puzzles and instructions, and these data have sums.
LEFT_OUT = {"own", "code", "instructed", "logic"}
ALONE = {"prorl_1_5b", "scalerl"}  # recipes that fit no other choice of a row: each has a job of its own
PIPELINE = "pipeline"  # of a recipe alone
DYNAMIC = "dynamic"  # of an untrained model no group has a right response, so that a step would never be full


def names(folder: Path) -> list[str]:
    """The choices of a group."""
    found = sorted(path.stem for path in folder.glob("*.yaml"))
    if folder.name == "reward":
        return [name for name in found if name not in LEFT_OUT]
    return [name for name in found if name not in ("own", DYNAMIC, PIPELINE)]


def jobs() -> list[Any]:
    """As many jobs as the longest list has entries; shorter lists begin again.

    A commit trains the first few. The rest is behind `-m slow`: what a choice sets is composed, and what our code does
    with it is tested, without a job.
    """
    recipes = [name for name in paths.recipe_names() if name not in DEMOS | ALONE]
    columns = {"+recipe": recipes} | {f"still/{folder.name}": names(folder) for folder in GROUPS}
    size = max(len(column) for column in columns.values())
    rows = zip(*(islice(cycle(column), size) for column in columns.values()), strict=True)
    found = []
    for number, row in enumerate(rows):
        overrides = [f"{key}={choice}" for key, choice in zip(columns, row, strict=True)]
        found.append(pytest.param(overrides, marks=() if number < QUICK else pytest.mark.slow))
    return found


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
ONLY_BESIDE = {
    "still/selection=void": "still/rollout=code",
    "+recipe=still3_1_5b": "still/kl=fixed",  # it resets the reference, which nothing but a KL needs
    "+recipe=zero_32b_script": "still/curriculum=inherit",  # its problems have an order (data.shuffle=false)
    "still/policy=stale": "still/temperature=inherit",  # a sample may be of another step, with another temperature
}


@pytest.mark.parametrize("overrides", jobs(), ids=lambda overrides: overrides[0].removeprefix("+recipe="))
def test_two_real_steps(overrides: list[str], run_job: Callable[..., Any], tmp_path: Path) -> None:
    inherited, unread = [], []
    for override in overrides:
        inherited += INHERITED.get(override, [])
        unread += [group for choice, group in UNREAD.items() if choice == override]
    read = [override for override in overrides if not override.startswith(tuple(unread))]
    for choice, needed in ONLY_BESIDE.items():
        if choice in read:
            group = needed.partition("=")[0] + "="
            read = [needed if override.startswith(group) else override for override in read]
    job = run_job(tmp_path, [*read, *inherited, "+still/scale=tiny", f"still.run_dir={tmp_path}/run"])
    assert [row["training/global_step"] for row in job.steps] == [1, 2]


# What a choice leaves to the job, for a loss whose weight has no default.
OPEN = {"dro": ["actor_rollout_ref.actor.policy_loss.dro_beta=0.1"]}


# Some responses of an untrained model get more of this reward than others, so that there is something to learn.
LEARNABLE = [
    "still/reward=inherit",
    "reward.reward_manager.name=naive",
    f"reward.custom_reward_function.path={Path(__file__).parent / 'jobs' / 'digits.py'}",
]


VERLS_BOUNDS = "symmetric"
UNBOUNDED = ("dro", "kl_cov", "sapo")


def since() -> list[dict[str, str]]:
    """Every choice of the groups of `SINCE` once, in as many jobs as there are losses.

    Beside each loss stands the next choice of each other group that it may stand beside.
    """
    left = {name: names(paths.recipes_dir() / "still" / name) for name in SINCE}
    for choices in left.values():
        choices.remove("inherit")
    rows = []
    for loss in left.pop("loss"):
        row = {"still/loss": loss}
        for name, choices in left.items():
            fitting = [choice for choice in choices if fits(row | {f"still/{name}": choice})]
            if fitting:
                row[f"still/{name}"] = fitting[0]
                choices.remove(fitting[0])
        rows.append(row)
    assert not any(left.values()), left
    return rows


def fits(row: dict[str, str]) -> bool:
    """Leave out what the checks of a job refuse: two choices that disagree, and bounds beside a loss that has none."""
    bounded = row.get("still/clip", VERLS_BOUNDS) == VERLS_BOUNDS
    if not bounded and row["still/loss"] in UNBOUNDED:
        return False
    try:
        check_choices_of_groups(row, set())
    except ConfigError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("row", since(), ids=lambda row: row["still/loss"])
def test_two_real_steps_of_what_became_standard_since(
    row: dict[str, str], run_job: Callable[..., Any], tmp_path: Path
) -> None:
    overrides = [f"{group}={choice}" for group, choice in row.items()]
    needed = [*OPEN.get(row["still/loss"], []), *LEARNABLE]
    job = run_job(
        tmp_path, ["+recipe=zero_7b_plain", *overrides, *needed, "+still/scale=tiny", f"still.run_dir={tmp_path}/run"]
    )
    assert [row["training/global_step"] for row in job.steps] == [1, 2]
    assert all(0 < row["actor/grad_norm"] < math.inf for row in job.steps)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(ALONE))
def test_two_real_steps_of_a_recipe_alone(recipe: str, run_job: Callable[..., Any], tmp_path: Path) -> None:
    """As it is, but for its size, and for dynamic sampling, which an untrained model would never fill."""
    replaced = ["still/selection=inherit"] if recipe == "prorl_1_5b" else []
    job = run_job(tmp_path, [f"+recipe={recipe}", *replaced, "+still/scale=tiny", f"still.run_dir={tmp_path}/run"])
    assert [row["training/global_step"] for row in job.steps] == [1, 2]


@pytest.mark.slow
def test_dynamic_sampling_keeps_the_size_of_a_step(run_job: Callable[..., Any], tmp_path: Path) -> None:
    """Of a model that is right half the time some groups are all alike; others take their place."""
    steps = ["trainer.total_training_steps=3", "trainer.test_freq=-1", "trainer.val_before_train=false"]
    job = run_job(tmp_path, ["+recipe=demo", "still/selection=dynamic", *steps, f"still.run_dir={tmp_path}/run"])
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3]
    assert all(row["still/groups/effective_batch"] == 24 * 8 for row in job.steps)
    assert all(row["still/groups/all_right"] == row["still/groups/all_wrong"] == 0 for row in job.steps)
    assert sum(row.get("training/filter_groups/evicted_samples", 0) for row in job.steps) > 0
