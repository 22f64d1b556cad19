"""What agent loops hand to a reward is there when the reward is tried before the job."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.trial import check_reward_of_rows

REWARD = """
def counted(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    return -extra_info["response_tokens"] / extra_info["response_budget"] + extra_info["tool_ok"]
"""


@pytest.fixture(scope="module", autouse=True)
def hydra() -> Iterator[None]:
    with initialize_config_module("verl.trainer.config", version_base=None):
        yield


def counted(folder: Path, *overrides: str) -> DictConfig:
    """A job whose reward needs what an agent loop counts."""
    (folder / "rewards.py").write_text(REWARD)
    data = folder / "data.parquet"
    row = {"data_source": "mine", "prompt": [{"role": "user", "content": "1+1?"}]}
    pq.write_table(pa.Table.from_pylist([row | {"reward_model": {"ground_truth": "2"}}]), data)
    reward = f"reward.custom_reward_function={{path: {folder / 'rewards.py'}, name: counted}}"
    return compose(
        "ppo_trainer", ["+recipe=base", f"data.train_files={data}", f"data.val_files={data}", reward, *overrides]
    )


def check(config: DictConfig) -> None:
    check_reward_of_rows(config, still_config(config))


@pytest.mark.parametrize(
    ("loop", "missing"), [("still_code", ""), ("still", "tool_ok"), ("single_turn_agent", "response_tokens")]
)
def test_a_reward_sees_what_the_agent_loop_hands_over(tmp_path: Path, loop: str, missing: str) -> None:
    config = counted(tmp_path, f"actor_rollout_ref.rollout.agent.default_agent_loop={loop}")
    if not missing:
        check(config)
        return
    with pytest.raises(ConfigError, match=f"the reward fails for an empty answer: KeyError: .*{missing}"):
        check(config)


def test_a_loop_of_somebody_else_may_hand_over_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "their_loops.py").write_text("class Own: pass")
    monkeypatch.syspath_prepend(str(tmp_path))
    loops = tmp_path / "loops.yaml"
    loops.write_text("- name: own\n  _target_: their_loops.Own\n")
    agent = "actor_rollout_ref.rollout.agent"
    check(counted(tmp_path, f"{agent}.default_agent_loop=own", f"{agent}.agent_loop_config_path={loops}"))
    assert "an agent loop of your own may hand more to the reward" in capsys.readouterr().out
