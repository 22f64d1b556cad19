import pytest
from omegaconf import OmegaConf

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.rewards.settings import RewardConfig


def test_a_job_without_our_node_has_the_defaults() -> None:
    assert still_config(OmegaConf.create({"trainer": {}})) == StillConfig()


def test_the_old_name_of_inherit_is_read_for_one_release() -> None:
    assert still_config(OmegaConf.create({"still": {"kl": {"kind": "own"}}})) == StillConfig()


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"callbacks": ["monitor"]}, "still.callbacks has 'monitor': it is always active; name only your own"),
        ({"kl": {"kind": "cosin"}}, "still.kl.kind='cosin': use one of inherit, constant, linear, cosine, "),
        (
            {"monitor": {"alarms": ["still", "platau"]}},
            "still.monitor.alarms='platau': use one of not_finite",
        ),
        (
            {"monitor": {"lists": ["stil"]}},
            "still.monitor.lists='stil': use one of still, aha, zh, or the dotted name of a mapping",
        ),
        ({"devise": "cpu"}, "still.devise='cpu' is not a setting of still_verl: did you mean still.device?"),
        (
            {"zzz": 1},
            "still.zzz=1 is not a setting of still_verl: use one of name, run_dir, device, keep_ray, reward, ",
        ),
        ({"device": "tpu"}, "still.device='tpu': use one of auto, cpu"),
        ({"callbacks": ["Nameless"]}, "still.callbacks has 'Nameless': give the dotted name of a class"),
        ({"callbacks": "pkg.Class"}, "still.callbacks"),
        ({"name": {"a": 1}}, "still.name"),
        (
            {"reward": "boxed"},
            "still.reward='boxed': this has settings below it, such as still.reward.preset; choose a file of settings "
            "with a slash, still/reward=NAME",
        ),
        ({"kl": None}, "still.kl=None: this has settings below it, such as still.kl.kind; "),
        ({"monitor": ["still"]}, "still.monitor=['still']: this has settings below it"),
        (
            {"reward": {"preset": "zero", "weights": ["correct"]}},
            "still.reward.weights=['correct']: use a mapping of names to numbers",
        ),
        (
            {"reward": {"weight": {}}},
            "still.reward.weight={} is not a setting of still_verl: did you mean still.reward.weights",
        ),
        ({"reward": {"preset": "boxt"}}, "still.reward.preset='boxt': use one of boxed, zero, distill"),
        ({"reward": {"weights": {"corect": 1.0}}}, "still.reward.weights='corect': use one of correct, signed"),
        (
            {"reward": {"weights": {"my_package": {"rewards": {"language": 0.2}}}}},
            "write the dotted name of a term in braces, 'still.reward.weights={correct: 1.0, my_package.FUNCTION: 0.",
        ),
        ({"reward": {"extractors": ["box"]}}, "still.reward.extractors='box': use one of boxed, answer_tag"),
        ({"reward": {"order": ["boxed"]}}, "still.reward.order has a new name: write still.reward.extractors"),
        ({"reward": {"required": ["form"]}}, "still.reward.required='form'"),
        ({"reward": {"weights": {}}}, "need at least one entry"),
        ({"kl": {"kind": "piecewise", "points": [[0, "a"], [5, 1]]}}, "give at least two pairs [step, value]"),
        ({"kl": {"kind": "cosine", "start": -1}}, "still.kl.start=-1.0: use a number of at least 0"),
        ({"kl": {"place": "both"}}, "still.kl.place='both': use one of loss, reward"),
        ({"temperature": {"kind": "adaptive", "target": 1, "rate": 1}}, "a temperature cannot be adaptive"),
        ({"context": {"stages": [[1, 9], [5, 9]]}}, "give steps and tokens that increase"),
        ({"context": {"stages": [[2, 9]]}}, "write [1, tokens] as the first stage"),
        ({"selection": {"rules": ["longest"]}}, "use one of overlong, void, accuracy, question, response"),
        ({"selection": {"accuracy": [0.8, 0.2]}}, "give [low, high]"),
        (
            {"monitor": {"stop_on": ["hacking"]}},
            "still.monitor.stop_on='hacking': use one of constant_reward, not_finite",
        ),
        ({"monitor": {"samples": -1}}, "still.monitor.samples=-1: use a number of at least 0"),
        ({"monitor": {"sample_files": 0}}, "still.monitor.sample_files=0: use a number of at least 1"),
        ({"monitor": {"webhook": "me"}}, "still.monitor.webhook='me': use a URL"),
        ({"monitor": {"words": {"actions": ["hm"]}}}, "still.monitor.words has category 'actions'"),
        (
            {"monitor": {"words": {"reflection": [" "]}}},
            "still.monitor.words.reflection=[' ']: remove the empty word",
        ),
        ({"interpreter": {"format": "xml"}}, "still.interpreter.format='xml': use one of fenced, tagged, tool_call"),
        ({"interpreter": {"sandbox": "docker"}}, "still.interpreter.sandbox='docker': use one of local, bubblewrap, f"),
        ({"interpreter": {"max_concurrent": 0}}, "still.interpreter.max_concurrent=0: use a number above 0"),
        (
            {"interpreter": {"seconds_per_call": float("nan")}},
            "still.interpreter.seconds_per_call=nan: use a number ab",
        ),
        ({"interpreter": {"url": "http://x"}}, "set still.interpreter.sandbox=fusion to use it"),
        ({"interpreter": {"sandbox": "fusion"}}, "still.interpreter.url=None: sandbox=fusion needs the service's addr"),
        (
            {"interpreter": {"sandbox": "fusion", "url": "http://x"}},
            "still.interpreter.stateful=true: a service keeps no variables from block to block; set still.interpreter",
        ),
        ({"reference": {"reset_every": -1}}, "still.reference.reset_every=-1"),
        ({"reward": {"overlong_buffer": 0}}, "still.reward.overlong_buffer=0: use a number of tokens above 0"),
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
    assert config == StillConfig("demo", "runs/demo", "cpu", callbacks=["a.B"])


def test_a_reward_is_its_preset_with_what_is_set() -> None:
    preset = RewardConfig("zero", weights={"signed": 2.0}, overlong_buffer=7).build()
    assert (preset.weights, preset.required, preset.overlong_buffer) == ({"signed": 2.0}, ("format",), 7)


def test_whole_numbers_are_fine_where_a_schedule_takes_any() -> None:
    node = {"kl": {"kind": "piecewise", "points": [[0, 1], [250, 5e-4]], "start": 1, "horizon": 500}}
    assert still_config(OmegaConf.create({"still": node})).kl.points == [[0, 1], [250, 5e-4]]


def test_the_base_recipe_spells_out_every_setting_with_its_default() -> None:
    """A user sees them all, and can override each without a `+`."""
    import verl  # noqa: F401  (puts our recipes on the search path)
    from hydra import compose, initialize_config_module

    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=["+recipe=base", "still.run_dir=null"])
    written = OmegaConf.to_container(config.still)
    default = OmegaConf.to_container(OmegaConf.structured(StillConfig(name="base")))
    assert written == default
