"""Which agent loops read the step's budget and temperature."""

from typing import Any

from verl.experimental.agent_loop.agent_loop import AgentLoopBase
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop

from still_verl.integration.agent_loops.code import CodeLoop
from still_verl.integration.agent_loops.single_turn import SingleTurn
from still_verl.integration.callbacks.sampling import obeys_the_step
from still_verl.integration.checks.loops import follows_the_step


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
