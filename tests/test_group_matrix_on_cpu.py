"""Every choice of what became standard since the study beside every recipe: it is composed, or refused with the reason.

A recipe is composed once, without these groups; then their files are merged, as Hydra does it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.groups import check_choices_of_groups
from still_verl.integration.checks.job import check_support
from still_verl.integration.checks.policy_loss import check_policy_loss
from still_verl.paths import recipe_names, recipes_dir

pytestmark = pytest.mark.slow  # half a minute

SINCE = ["advantage", "clip", "correction", "loss", "selection"]
RECIPES = [name for name in recipe_names() if name != "base"]  # which leaves the job to its user
CHOICES = [
    (f"still/{group}", path.stem)
    for group in SINCE
    for path in sorted((recipes_dir() / "still" / group).glob("*.yaml"))
    if path.stem not in ("own", "inherit")
]
OPEN = {"dro": {"actor_rollout_ref": {"actor": {"policy_loss": {"dro_beta": 0.1}}}}}  # has no default
DEFAULTS = ["grpo", "none", "token_mean", "symmetric"]  # choices that are verl's own
# Why a choice is refused beside a recipe.
REASONS = [
    r"still/\S+ and still/\S+ both set \S+, to .*: choose one of the two",
    r"\S+clip_ratio_\w+=\S+ beside \S+loss_mode=(dro|kl_cov|sapo): this loss has no such bound; .*",
    r"\S+loss_agg_mode=\S+ beside \S+loss_mode=\w+: .*",
    r"still.selection.rules=\['void'\]: .* set still/rollout=code",
    r"algorithm.adv_estimator=grpo_passk: .* beside still.selection.rules=.*",
    r"\S+rollout_is_threshold=0.5_5.0 beside \S+loss_mode=geo_mean: .* set still/correction=tis",
]


@pytest.fixture(scope="module")
def jobs() -> Iterator[dict[str, tuple[DictConfig, dict[str, Any]]]]:
    """By recipe: the job without these groups, and which choice of each group the recipe has."""
    without = [f"still/{group}=inherit" for group in SINCE]
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield {recipe: composed(recipe, without) for recipe in RECIPES}


def composed(recipe: str, without: list[str]) -> tuple[DictConfig, dict[str, Any]]:
    chosen = compose("ppo_trainer", [f"+recipe={recipe}"], return_hydra_config=True).hydra.runtime.choices
    names = {str(key).lstrip("/"): choice for key, choice in chosen.items()}
    return compose("ppo_trainer", [f"+recipe={recipe}", *without]), names


def merged(base: DictConfig, names: dict[str, Any]) -> DictConfig:
    config = OmegaConf.merge(base, *(group_file(f"still/{group}", names[f"still/{group}"]) for group in SINCE))
    assert isinstance(config, DictConfig)
    return config


def group_file(group: str, choice: str) -> DictConfig:
    """Return what a choice sets, with what the choices set that its file begins with."""
    node = OmegaConf.load(recipes_dir() / group / f"{choice}.yaml")
    before = [name for name in node.pop("defaults", []) if name != "_self_"]
    found = OmegaConf.merge(*(group_file(group, name) for name in before), node, OPEN.get(choice, {}))
    assert isinstance(found, DictConfig)
    return found


def refusal(base: DictConfig, names: dict[str, Any]) -> str:
    try:
        check_choices_of_groups(names, set())
        config = merged(base, names)
        still = still_config(config)
        check_support(config, still)
        check_policy_loss(config, still)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_choice_works_beside_a_recipe_or_says_why_not(recipe: str, jobs: Any) -> None:
    base, names = jobs[recipe]
    found = {f"{group}={choice}": refusal(base, names | {group: choice}) for group, choice in CHOICES}
    unknown = {choice: why for choice, why in found.items() if why and not any(re.match(r, why) for r in REASONS)}
    assert unknown == {}
    assert sum(not why for why in found.values()) > len(found) / 2


def test_the_merge_is_what_hydra_composes(jobs: Any) -> None:
    """For a recipe that has its own choice of three of these groups, and one more on the command line."""
    base, names = jobs["dapo_32b"]
    with_loss = names | {"still/loss": "kl_cov"}
    assert merged(base, with_loss) == compose("ppo_trainer", ["+recipe=dapo_32b", "still/loss=kl_cov"])


@pytest.mark.parametrize("choice", ["=".join(choice) for choice in CHOICES])
def test_a_choice_changes_the_keys_of_its_file_alone(choice: str, jobs: Any) -> None:
    """Beside a recipe with none of these groups; what a file sets to what was there anyway changes nothing."""
    group, _, name = choice.partition("=")
    without = [f"still/{other}=inherit" for other in SINCE if f"still/{other}" != group]
    needed = [f"{key}={value}" for key, value in leaves(OPEN.get(name, {})).items()]
    plain = leaves(OmegaConf.to_container(jobs["zero_7b_plain"][0]))
    found = leaves(OmegaConf.to_container(compose("ppo_trainer", ["+recipe=zero_7b_plain", choice, *without, *needed])))
    changed = {key: value for key, value in found.items() if plain.get(key) != value}
    said = leaves(OmegaConf.to_container(group_file(group, name)))
    assert changed == {key: value for key, value in said.items() if plain.get(key) != value}
    assert changed or name in DEFAULTS


def leaves(node: Any, above: str = "") -> dict[str, Any]:
    """Values by their dotted keys, interpolations as they are written."""
    if not isinstance(node, dict):
        return {above: node}
    found: dict[str, Any] = {}
    for key, value in node.items():
        found |= leaves(value, f"{above}.{key}".removeprefix("."))
    return found
