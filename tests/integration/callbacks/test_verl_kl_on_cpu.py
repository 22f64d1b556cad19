"""verl's own adaptive KL coefficient over a resume."""

import json
import math
from typing import Any

import pytest
from omegaconf import OmegaConf
from verl.trainer.ppo.core_algos import get_kl_controller

from still_verl.integration.callbacks.verl_kl import VerlKl

ADAPTIVE = OmegaConf.create({"type": "adaptive", "kl_coef": 0.1, "target_kl": 0.05, "horizon": 100})


@pytest.fixture
def adaptive(job: Any) -> Any:
    config = job()
    config.algorithm = {"use_kl_in_reward": True, "kl_ctrl": ADAPTIVE}
    return config


def test_a_resumed_run_goes_on_with_the_coefficient_of_the_checkpoint(adaptive: Any, trainer: Any) -> None:
    first = trainer(adaptive)
    first.kl_ctrl_in_reward = get_kl_controller(ADAPTIVE)
    kept = VerlKl(adaptive)
    kept.on_init_end(first)
    first.kl_ctrl_in_reward.update(current_kl=1.0, n_steps=50)  # as verl calls it for each batch
    state = json.loads(json.dumps(kept.state_dict()))
    assert state == {"value": pytest.approx(0.11)}

    resumed = trainer(adaptive)
    resumed.kl_ctrl_in_reward = get_kl_controller(ADAPTIVE)
    again = VerlKl(adaptive)
    again.load_state_dict(state)
    again.on_init_end(resumed)
    assert resumed.kl_ctrl_in_reward.value == first.kl_ctrl_in_reward.value
    resumed.kl_ctrl_in_reward.update(current_kl=1.0, n_steps=50)
    assert again.state_dict() == {"value": pytest.approx(0.121)}


def test_it_acts_only_where_verl_adapts_the_coefficient(adaptive: Any, job: Any) -> None:
    assert VerlKl(adaptive).active
    ours = job(kl={"kind": "cosine", "start": 0.1, "place": "reward"})
    ours.algorithm = adaptive.algorithm
    assert not VerlKl(ours).active
    adaptive.algorithm.use_kl_in_reward = False
    assert not VerlKl(adaptive).active
    adaptive.algorithm = {"use_kl_in_reward": True, "kl_ctrl": {"type": "fixed"}}
    assert not VerlKl(adaptive).active


@pytest.mark.parametrize("seen", [math.nan, math.inf, -math.inf])
def test_one_kl_that_is_no_number_does_not_end_the_coefficient(
    adaptive: Any, trainer: Any, seen: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """In verl one NaN is the coefficient of every step after it, and of every checkpoint."""
    run = trainer(adaptive)
    run.kl_ctrl_in_reward = get_kl_controller(ADAPTIVE)
    kept = VerlKl(adaptive)
    kept.on_init_end(run)
    run.kl_ctrl_in_reward.update(current_kl=seen, n_steps=50)
    assert kept.state_dict() == {"value": 0.1}
    assert f"the KL in the reward is {seen}, so algorithm.kl_ctrl keeps its value 0.1" in capsys.readouterr().out
    run.kl_ctrl_in_reward.update(current_kl=1.0, n_steps=50)
    assert run.kl_ctrl_in_reward.value == pytest.approx(0.11)


def test_a_checkpoint_that_was_poisoned_is_refused(adaptive: Any) -> None:
    with pytest.raises(ValueError, match="the checkpoint has nan as the adapted coefficient: resume from an earlier"):
        VerlKl(adaptive).load_state_dict({"value": math.nan})
