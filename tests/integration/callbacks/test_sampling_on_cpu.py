"""What a step allows its rollouts, and that every prompt is sent with it."""

from typing import Any

import pytest
from tensordict import TensorDict
from verl.utils import tensordict_utils as tu

from still_verl.integration.callbacks.sampling import Sampling, SteppedAgentLoops


class Manager:
    """Stands for verl's manager of agent loops."""

    def __init__(self) -> None:
        self.sent: list[TensorDict] = []
        self.replicas = 3

    def generate_sequences(self, prompts: TensorDict) -> None:
        self.sent.append(prompts)


def prompts(**columns: Any) -> TensorDict:
    data = TensorDict({}, batch_size=2)
    for name, value in columns.items():
        tu.assign_non_tensor_data(data, name, value)
    return data


def allowed(data: TensorDict) -> tuple[Any, Any]:
    return tu.get_non_tensor_data(data, "still_budget", None), tu.get_non_tensor_data(data, "still_temperature", None)


def test_prompts_are_sent_with_the_budget_and_temperature_of_the_step(job: Any, trainer: Any) -> None:
    config = job(
        context={"stages": [[1, 8], [3, 16]], "validation": 12},
        temperature={"kind": "linear", "start": 1.0, "end": 1.2, "horizon": 4},
    )
    sampling, run, manager = Sampling(config), trainer(config), Manager()
    loops = SteppedAgentLoops(manager, sampling)
    sampling.on_init_end(run)
    loops.generate_sequences(prompts())  # sent before the first step
    for _ in range(3):
        metrics = run.step(sampling)
        loops.generate_sequences(prompts())
    loops.generate_sequences(prompts(validate=True))
    budgets, temperatures = zip(*map(allowed, manager.sent), strict=True)
    assert budgets == (8, 8, 8, 16, 12)
    assert temperatures[:4] == pytest.approx((1.0, 1.0, 1.05, 1.1)) and temperatures[4] is None
    assert metrics == {"still/context/budget": 16, "still/temperature": pytest.approx(1.1)}
    assert run.config.actor_rollout_ref.rollout.temperature == pytest.approx(1.1)  # of log-probs


def test_a_temperature_of_0_ends_the_run(job: Any, trainer: Any) -> None:
    """Log-probs are of the logits divided by it; a schedule of the user's own may reach it after the planned steps."""
    config = job(temperature={"kind": "linear", "start": 1.0, "end": 0.0})
    sampling, run = Sampling(config), trainer(config)
    for _ in range(4):
        run.step(sampling)
    with pytest.raises(ValueError, match="still.temperature is 0 in step 5: use values above 0"):
        run.step(sampling)


@pytest.mark.parametrize("loops", [["still", "single_turn_agent"], "single_turn_agent"])
def test_prompts_for_a_loop_that_obeys_no_step_are_not_sent(job: Any, trainer: Any, loops: Any) -> None:
    """It would sample with another temperature than log-probs use."""
    config = job(temperature={"kind": "linear", "start": 1.0, "end": 1.2})
    sampling, manager = Sampling(config), Manager()
    sampling.on_init_end(trainer(config))
    named = tu.get_tensordict({"agent_name": loops}) if isinstance(loops, list) else prompts(agent_name=loops)
    with pytest.raises(RuntimeError, match="agent_name has single_turn_agent, which read neither still.context nor"):
        SteppedAgentLoops(manager, sampling).generate_sequences(named)
    assert manager.sent == []
    SteppedAgentLoops(manager, sampling).generate_sequences(tu.get_tensordict({"agent_name": ["still", "still_code"]}))
    assert len(manager.sent) == 1


def test_prompts_for_any_loop_are_sent_where_a_phase_has_no_settings(job: Any, trainer: Any) -> None:
    config = job(context={"validation": 5})
    sampling, manager = Sampling(config), Manager()
    sampling.on_init_end(trainer(config))
    SteppedAgentLoops(manager, sampling).generate_sequences(tu.get_tensordict({"agent_name": ["single_turn_agent"]}))
    assert len(manager.sent) == 1


def test_all_else_of_the_manager_is_verls(job: Any) -> None:
    assert SteppedAgentLoops(Manager(), Sampling(job(context={"validation": 5}))).replicas == 3


def test_it_is_left_out_where_the_job_sets_neither(job: Any) -> None:
    assert not Sampling(job()).active and Sampling(job(context={"validation": 5})).active
