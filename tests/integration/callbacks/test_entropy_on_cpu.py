"""The coefficient of the entropy bonus of each step."""

import math
from typing import Any

import pytest

from still_verl.integration.callbacks.entropy import Entropy
from still_verl.integration.per_token import ENTROPY

ADAPTIVE = {"kind": "adaptive", "start": 0.01, "target": 0.5, "rate": 0.005, "ceiling": 0.02}


def test_the_workers_and_verls_trainer_both_get_the_value_of_the_step(job: Any, trainer: Any) -> None:
    """verl's trainer asks for entropies only if its own config has a coefficient."""
    config = job(entropy={"kind": "linear", "start": 0.004, "horizon": 4})
    entropy, run = Entropy(config), trainer(config)
    for expected in (0.004, 0.003, 0.002):
        assert run.step(entropy)["still/entropy/coef"] == pytest.approx(expected)
        assert run.loss_values["entropy_coeff"] == pytest.approx(expected)
        assert run.config.actor_rollout_ref.actor.entropy_coeff == pytest.approx(expected)


def test_an_adaptive_one_rises_below_its_target_and_falls_above_within_its_bounds(job: Any, trainer: Any) -> None:
    config = job(entropy=ADAPTIVE)
    entropy, run = Entropy(config), trainer(config)
    used = [run.step(entropy, **{ENTROPY: seen})["still/entropy/coef"] for seen in (0.1, 0.1, 0.1, 0.9, 0.9)]
    assert used == pytest.approx([0.01, 0.015, 0.02, 0.02, 0.015])


def test_an_adaptive_one_asks_for_entropies_also_while_it_is_zero(job: Any, trainer: Any) -> None:
    """Else it could never rise where verl computes none beside the update (`bypass_mode`)."""
    config = job(entropy=ADAPTIVE | {"start": 0.0})
    entropy, run = Entropy(config), trainer(config)
    run.step(entropy, **{ENTROPY: 0.1})
    actor = run.config.actor_rollout_ref.actor
    assert actor.entropy_coeff == 0 and actor.calculate_entropy
    assert entropy.coefficient.adapted == pytest.approx(0.005)


@pytest.mark.parametrize("seen", [math.nan, math.inf])
def test_an_entropy_that_is_no_number_changes_nothing_and_is_said(
    job: Any, trainer: Any, seen: float, capsys: pytest.CaptureFixture[str]
) -> None:
    config = job(entropy=ADAPTIVE)
    entropy, run = Entropy(config), trainer(config)
    run.step(entropy, **{ENTROPY: seen})
    assert entropy.state_dict() == {"adapted": 0.01}
    assert f"{ENTROPY} is {seen}, so still.entropy keeps its coefficient 0.01" in capsys.readouterr().out


def test_its_state_travels(job: Any, trainer: Any) -> None:
    config = job(entropy=ADAPTIVE)
    entropy, run = Entropy(config), trainer(config)
    run.step(entropy, **{ENTROPY: 0.1})
    again = Entropy(config)
    again.load_state_dict(entropy.state_dict())
    assert run.step(again)["still/entropy/coef"] == pytest.approx(0.015)


def test_it_is_left_out_where_the_job_keeps_verls_own_setting(job: Any) -> None:
    assert not Entropy(job()).active
