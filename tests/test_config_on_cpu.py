import pytest
from omegaconf import OmegaConf

from still_verl.config import ConfigError, StillConfig, still_config


def test_a_job_without_our_node_has_the_defaults() -> None:
    assert still_config(OmegaConf.create({"trainer": {}})) == StillConfig()


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"devise": "cpu"}, "still.devise is not a setting of still_verl: did you mean still.device?"),
        ({"zzz": 1}, "still.zzz is not a setting of still_verl: known keys are name, run_dir, device, callbacks"),
        ({"device": "tpu"}, "still.device='tpu': use one of auto, cpu"),
        ({"callbacks": ["Nameless"]}, "still.callbacks has 'Nameless': give the dotted name of a class"),
        ({"callbacks": "pkg.Class"}, "still.callbacks"),
        ({"name": {"a": 1}}, "still.name"),
    ],
)
def test_a_mistake_is_named_with_its_value_and_what_is_allowed(node: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        still_config(OmegaConf.create({"still": node}))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_values_of_a_recipe_arrive() -> None:
    node = {"name": "demo", "device": "cpu", "callbacks": ["a.B"], "run_dir": "runs/${still.name}"}
    config = still_config(OmegaConf.create({"still": node}))
    assert config == StillConfig("demo", "runs/demo", "cpu", ["a.B"])
