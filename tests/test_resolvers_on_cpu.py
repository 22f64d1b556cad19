"""The interpolations of recipes, the old names among them."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from still_verl import paths
from still_verl.demo.files import home
from still_verl.resolvers import register


@pytest.fixture(autouse=True)
def registered() -> None:
    register()


def resolved(text: str) -> object:
    return OmegaConf.create({"value": text}).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${still.equals:grpo,grpo}", True),
        ("${still.equals:grpo,gae}", False),
        ("${still.divide:1024,8}", 128),
        ("${still.updates:512,16}", 32),
        ("${still.updates:4,16}", 1),
        ("${still.same:a,a}", True),
        ("${still.part:9,2}", 4),
        ("${still.ranks:1,0,1}", 1),
        ("${still.ranks:2,1,3}", 5),
    ],
)
def test_what_yaml_cannot_compute(text: str, value: object) -> None:
    assert resolved(text) == value


def test_files_that_are_shipped_or_built() -> None:
    assert resolved("${still.reward_fn:boxed_math}") == paths.reward_fn("boxed_math")
    assert Path(str(resolved("${still.reward_fn:boxed_math}"))).is_file()
    assert resolved("${still.demo_model:tiny/model}") == str(home() / "tiny/model")


def test_the_time_stamp_is_the_same_wherever_a_config_has_it() -> None:
    config = OmegaConf.create({"one": "${still.started:}", "two": "${still.started:}"})
    assert config.one == config.two
