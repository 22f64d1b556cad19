"""Keys that verl reads without a default for them, and keys that it does not read."""

from collections.abc import Callable

import pytest
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.unknown import check_known, is_read


@pytest.mark.parametrize(
    ("node", "key"),
    [
        ("data", "cache_dir"),
        ("data", "need_tools_kwargs"),
        ("trainer", "remove_previous_ckpt_in_save"),
        ("reward.custom_reward_function", "reward_kwargs"),
    ],
)
def test_what_verl_reads_without_a_default(node: str, key: str) -> None:
    assert is_read(node, key)


@pytest.mark.parametrize(
    ("node", "key"), [("data", "batch"), ("data", "max_length"), ("trainer", "max_ckpt_to_keep"), ("trainer", "n")]
)
def test_what_others_read_under_that_name(node: str, key: str) -> None:
    """A batch is called `data` too, and so are nodes of verl's supervised fine-tuning."""
    assert not is_read(node, key)


def test_a_data_set_of_the_users_own_reads_what_it_wants(fast_job: Callable[[str], DictConfig]) -> None:
    check_known(fast_job("data.custom_cls.path=mine.py +data.difficulty=3"))
    with pytest.raises(ConfigError, match="^data.difficulty=3: verl reads no such setting; drop it"):
        check_known(fast_job("+data.difficulty=3"))


@pytest.mark.parametrize("engine", ["megatron", "veomni"])
def test_keys_of_other_engines_are_known(engine: str) -> None:
    from hydra import compose, initialize_config_module

    with initialize_config_module("verl.trainer.config", version_base=None):
        check_known(compose("ppo_trainer", [f"model_engine={engine}"]))
