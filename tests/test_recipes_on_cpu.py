"""Every recipe and every choice of a group: composes, passes verl's and our checks, and says what it changes.

`python tests/test_recipes_on_cpu.py` renews the golden files after a change that was meant.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
import yaml
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from recipe_rows import PAGE, documented

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.groups import LAYERS, values_of
from still_verl.integration.checks.job import check_support
from still_verl.integration.checks.upstream import build_upstream
from still_verl.paths import recipe_names, recipes_dir

BACKBONE = {"backbone"}
GOLDEN = Path(__file__).parent / "golden"
RECIPES = [name for name in recipe_names() if not name.startswith("demo")]
CHOICES = sorted(
    f"{'+' * (path.parent.name == 'scale')}still/{path.parent.name}={path.stem}"  # no recipe has a scale of its own
    for path in (recipes_dir() / "still").glob("*/*.yaml")
    if path.stem != "cpu"
)


# What a choice leaves to the job.
NEEDED = {
    "still/policy=inherit": ["actor_rollout_ref.actor.ppo_mini_batch_size=128"],
    "still/policy=own": ["actor_rollout_ref.actor.ppo_mini_batch_size=128"],
    "still/offload=megatron": ["model_engine=megatron"],
    "still/offload=veomni": ["model_engine=veomni"],
    "still/selection=void": ["still/rollout=code"],
    "still/advantage=inherit": ["algorithm.adv_estimator=grpo"],
    "still/loss=dro": ["actor_rollout_ref.actor.policy_loss.dro_beta=0.1"],
}


@pytest.fixture(scope="module", autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield


def validate(config: DictConfig) -> None:
    """What verl checks before it trains, and what we check, but for files that only exist where it is trained."""
    check_support(config, still_config(config))
    build_upstream(config)


def flat(node: Any, path: str = "") -> dict[str, Any]:
    """Leaves by their dotted names; a list is a leaf."""
    if not isinstance(node, dict):
        return {path: node}
    return {k: v for key, value in node.items() for k, v in flat(value, f"{path}.{key}".lstrip(".")).items()}


def differences(recipe: str) -> dict[str, Any]:
    """Every value that a recipe sets otherwise than verl's defaults and ours, with interpolations resolved."""
    fixed = "still.run_dir=RUN"
    ours, theirs = (
        flat(OmegaConf.to_container(config, resolve=True))
        for config in (compose("ppo_trainer", [f"+recipe={recipe}", fixed]), compose("ppo_trainer"))
    )
    theirs |= flat({"still": OmegaConf.to_container(OmegaConf.structured(StillConfig))})
    return {key: value for key, value in sorted(ours.items()) if theirs.get(key, "absent") != value}


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name != "base"])  # which leaves the job to its user
def test_a_recipe_passes_verls_checks_and_ours(recipe: str) -> None:
    validate(compose("ppo_trainer", [f"+recipe={recipe}"]))


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_a_recipe_changes_is_what_was_meant(recipe: str) -> None:
    assert differences(recipe) == yaml.safe_load((GOLDEN / f"{recipe}.yaml").read_text())


# What a recipe decides although a group could: its model, and what no choice of the group says.
DECIDED = {
    "demo": {
        "data.train_batch_size",
        "actor_rollout_ref.model.path",
        "actor_rollout_ref.actor.use_kl_loss",
        "actor_rollout_ref.rollout.tensor_model_parallel_size",
    },
    "demo_skills": {"actor_rollout_ref.model.path", "reward.reward_manager.name"},
    "demo_smollm2": {"data.train_batch_size", "actor_rollout_ref.model.path", "actor_rollout_ref.rollout.n"},
    "demo_tools": {"actor_rollout_ref.model.path"},
    "still3_1_5b_script": {"still.kl.place"},
    "zero_32b_script": {"actor_rollout_ref.rollout.tensor_model_parallel_size"},
}


@pytest.mark.parametrize("recipe", sorted(set(recipe_names()) - {"base"}))
def test_a_group_on_the_command_line_wins_over_a_recipe(recipe: str) -> None:
    """What a recipe sets itself comes after its groups: a group beside it would do nothing, in silence."""
    groups = [path for path in (recipes_dir() / "still").glob("*/*.yaml") if path.parent.name not in LAYERS - BACKBONE]
    keys = {key for path in groups for key in values_of(path)}
    own = values_of(recipes_dir() / "recipe" / f"{recipe}.yaml")
    assert own.keys() & keys == DECIDED.get(recipe, set())


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_of_a_group_fits_a_recipe(choice: str) -> None:
    needed = NEEDED.get(choice, [])
    validate(compose("ppo_trainer", ["+recipe=zero_7b_plain", choice, *needed]))


@pytest.mark.parametrize("engine", ["dp", "megatron", "veomni", "torchtitan"])
def test_a_recipe_trains_with_the_engine_of_the_job(engine: str) -> None:
    """FSDP2 in place of FSDP1; every other engine under the name that verl's own config gives to it."""
    ours = compose("ppo_trainer", ["+recipe=zero_7b_plain", f"model_engine={engine}"]).actor_rollout_ref
    theirs = compose("ppo_trainer", [f"model_engine={engine}"]).actor_rollout_ref.actor.strategy
    assert (ours.actor.strategy, ours.ref.strategy) == 2 * ({"fsdp": "fsdp2"}.get(theirs, theirs),)


def test_what_a_job_keeps_on_its_disk_and_in_its_engine_is_bounded() -> None:
    """By what the job itself needs: of a longer response the engine's limit goes along."""
    for recipe in RECIPES:
        config = compose("ppo_trainer", [f"+recipe={recipe}", "data.max_response_length=12345"])
        if recipe != "base":
            assert config.trainer.max_actor_ckpt_to_keep == 2, recipe
            assert config.actor_rollout_ref.rollout.max_model_len == config.data.max_prompt_length + 12345, recipe


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_decides_all_that_is_drawn(seed: int) -> None:
    config = compose("ppo_trainer", ["+recipe=zero_7b_plain", f"still/seed=seed_{seed}"])
    actor, rollout = config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout
    assert [config.data.seed, actor.data_loader_seed, rollout.seed] == 3 * [seed]


def test_the_backbones_of_figure_1_differ_in_nothing_else() -> None:
    """But for how the rollout is divided over devices, and where parameters wait."""
    jobs = {
        name: flat(OmegaConf.to_container(compose("ppo_trainer", ["+recipe=zero_7b_plain", f"still/backbone={name}"])))
        for name in ("qwen2_5_1_5b", "qwen2_5_7b", "qwen2_5_7b_instruct", "qwen2_5_32b")
    }
    varied = {key for key in jobs["qwen2_5_7b"] if len({str(job[key]) for job in jobs.values()}) > 1}
    placement = ("tensor_model_parallel_size", "param_offload", "optimizer_offload")
    assert {key for key in varied if not key.endswith(placement)} == {"actor_rollout_ref.model.path"}


@pytest.mark.parametrize("engine", ["megatron", "veomni"])
@pytest.mark.parametrize("recipe", ["zero_7b", "zero_32b", "still3_1_5b"])
def test_a_recipe_on_another_engine(recipe: str, engine: str) -> None:
    """The reference can be reset under FSDP alone, which the check says; all else works by two words."""
    config = [f"+recipe={recipe}", f"model_engine={engine}", f"still/offload={engine}"]
    if recipe == "still3_1_5b":
        with pytest.raises(ConfigError, match=f"reset_every=100: needs .*strategy=fsdp or fsdp2, not {engine}"):
            validate(compose("ppo_trainer", config))
        config.append("still.reference.reset_every=0")
    validate(compose("ppo_trainer", config))


def test_a_scaled_down_recipe_keeps_what_it_chose() -> None:
    """What still/scale=tiny sets for a recipe that leaves it open gives way to every recipe that does not."""
    tiny = compose("ppo_trainer", ["+recipe=zero_7b", "still/policy=off_policy", "+still/scale=tiny"])
    base = compose("ppo_trainer", ["+recipe=base", "+still/scale=tiny"])
    assert (tiny.still.reward.preset, base.still.reward.preset) == ("zero", "boxed")
    assert (tiny.actor_rollout_ref.actor.ppo_mini_batch_size, base.actor_rollout_ref.actor.ppo_mini_batch_size) == (
        1,
        4,
    )
    assert base.algorithm.adv_estimator == "grpo" and base.reward.reward_manager.name == "still"


def test_off_policy_differs_from_on_policy_in_one_setting() -> None:
    on, off = (
        flat(OmegaConf.to_container(compose("ppo_trainer", ["+recipe=zero_7b_plain", f"still/policy={policy}"])))
        for policy in ("on_policy", "off_policy")
    )
    assert {key for key in on if on[key] != off[key]} == {"actor_rollout_ref.actor.ppo_mini_batch_size"}


@pytest.mark.parametrize("command", documented())
def test_every_command_of_the_docs_composes_and_passes_the_checks(command: str) -> None:
    """With the first choice of each sweep: every choice alone is tested above."""
    first = re.sub(r",\S*", "", command)
    name = "still" if first.startswith("--config-name still ") else "ppo_trainer"
    validate(compose(name, first.removeprefix("--config-name still ").split()))


def test_the_docs_name_every_figure_and_table_of_rl() -> None:
    text = PAGE.read_text()
    shown = ["figure 1a", "figure 1b", "figure 1c", "figure 1d", *(f"figure {n}" for n in (1, 2, 3, 4, 5, 6, 9))]
    assert [name for name in [*shown, *(f"table {n}" for n in (1, 3, 4, 5, 6, 7))] if name not in text] == []
    assert len(documented()) > 20


def renew() -> None:
    GOLDEN.mkdir(exist_ok=True)
    with initialize_config_module("verl.trainer.config", version_base=None):
        for recipe in RECIPES:
            (GOLDEN / f"{recipe}.yaml").write_text(yaml.safe_dump(differences(recipe)))


if __name__ == "__main__":
    renew()
