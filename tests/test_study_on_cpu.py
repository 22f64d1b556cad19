"""Every recipe has the numbers of its source: `helpers/study.py` and `helpers/since.py` say where each is from."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
import yaml
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from since import SINCE
from study import STUDY, Numbers

from still_verl.paths import recipe_names, recipes_dir

# What the study has no numbers for: scales between, experiments that it leaves open, laptops.
OURS = {"base", "demo", "demo_smollm2", "demo_skills", "demo_tools", "zero_3b", "tool_32b", "length_1_5b"}
LEAST = 20
TABLES = STUDY | SINCE
TEMPLATE = "data.apply_chat_template_kwargs.chat_template"


@pytest.fixture(scope="module")
def jobs() -> Iterator[dict[str, DictConfig]]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield {recipe: compose("ppo_trainer", [f"+recipe={recipe}"]) for recipe in TABLES}


def prompt(name: str) -> str:
    """Return the template of a choice of `still/prompt`."""
    choice = yaml.safe_load((recipes_dir() / "still/prompt" / f"{name}.yaml").read_text())
    return str(choice["data"]["apply_chat_template_kwargs"]["chat_template"])


def composed(config: DictConfig, key: str) -> Any:
    """Return a value of a job as plain Python; a prompt is its template."""
    if key == "prompt":
        return OmegaConf.select(config, TEMPLATE)
    value = OmegaConf.select(config, key, throw_on_missing=True)
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def wrong(config: DictConfig, numbers: Numbers) -> list[str]:
    """List what a job has otherwise than the study, each with its source."""
    found = []
    for key, (value, source) in numbers.items():
        wanted = prompt(value) if key == "prompt" else value
        has = composed(config, key)
        if has != wanted:
            found.append(f"{key}={has!r}, the study has {wanted!r} ({source})")
    return found


@pytest.mark.parametrize("recipe", TABLES)
def test_a_recipe_has_the_studys_numbers(recipe: str, jobs: dict[str, DictConfig]) -> None:
    assert wrong(jobs[recipe], TABLES[recipe]) == []


def test_every_recipe_of_the_study_has_a_table_long_enough() -> None:
    assert set(TABLES) == set(recipe_names()) - OURS
    assert {recipe: len(numbers) for recipe, numbers in TABLES.items() if len(numbers) < LEAST} == {}


@pytest.mark.parametrize("recipe", TABLES)
def test_every_number_that_is_changed_is_found(recipe: str, jobs: dict[str, DictConfig]) -> None:
    """Each in its turn, in the job and not in the table: so no row of the table is read past."""
    missed = []
    for key in TABLES[recipe]:
        changed = copy.deepcopy(jobs[recipe])
        value = another(composed(changed, key))
        OmegaConf.update(changed, TEMPLATE if key == "prompt" else key, value)
        if not any(line.startswith(f"{key}=") for line in wrong(changed, TABLES[recipe])):
            missed.append(key)
    assert missed == []


def test_the_paper_resets_its_reference_and_the_script_has_no_code_for_it(jobs: dict[str, DictConfig]) -> None:
    """The interval is not published: any is right that resets within the run."""
    paper = jobs["still3_1_5b"]
    assert 0 < paper.still.reference.reset_every < paper.trainer.total_training_steps
    assert jobs["still3_1_5b_script"].still.reference.reset_every == 0


def another(value: Any) -> Any:
    """Return a value of the same kind that is a little different."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value[:-1], value[-1] * 2]
    if isinstance(value, str):
        return f"{value}."
    return value + 1e-7
