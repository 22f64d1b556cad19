"""Which agent loops read the step's budget and temperature."""

from typing import Any

import pytest
from omegaconf import OmegaConf
from verl.experimental.agent_loop.agent_loop import AgentLoopBase, _agent_loop_registry
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop

from still_verl.config_errors import ConfigError
from still_verl.integration.agent_loops.code import CodeLoop
from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.callbacks.sampling import obeys_the_step
from still_verl.integration.checks.loops import follows_the_step, loops


class Derived(SingleTurn):
    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> Any:
        return await super().run(sampling_params, **kwargs)


class Foreign(AgentLoopBase):
    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> Any: ...


def test_ours_do_and_what_derives_from_them() -> None:
    assert [follows_the_step(loop) for loop in (SingleTurn, CodeLoop, Derived)] == [True, True, True]
    assert [follows_the_step(loop) for loop in (SingleTurnAgentLoop, Foreign)] == [False, False]


def test_by_the_name_that_a_loop_is_registered_by() -> None:
    names = ("still", "still_code", "single_turn_agent", "tool_agent", "no_such_loop")
    assert [obeys_the_step(name) for name in names] == [True, True, False, False, False]


def test_a_loop_that_a_reward_file_has_registered_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """verl loads the file under a name of its own, which no other process knows."""
    monkeypatch.setitem(_agent_loop_registry, "mine", {"_target_": "custom_module_1.Mine"})
    agent = {"default_agent_loop": "mine", "agent_loop_config_path": None}
    data: dict[str, Any] = {"train_files": [], "val_files": []}
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": {"agent": agent}}, "data": data})
    with pytest.raises(ConfigError, match="default_agent_loop=mine: its class custom_module_1.Mine cannot be imported"):
        loops(config)
