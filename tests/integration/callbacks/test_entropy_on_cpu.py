"""The coefficient of the entropy bonus of each step."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
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
    assert entropy.number.coefficient.adapted == pytest.approx(0.005)


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


def skywork(entropies: list[float], target: float, delta: float, ceiling: float) -> list[tuple[float, float]]:
    """Coefficient and bonus of each step by the formulas of arXiv 2505.22312, from a coefficient of 0."""
    steps, coefficient = [], 0.0
    for entropy in entropies:
        steps.append((coefficient, coefficient * np.heaviside(target - entropy, 1.0)))
        coefficient = float(np.clip(coefficient + delta * np.sign(target - entropy), 0, ceiling))
    return steps


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch, job: Any, trainer: Any) -> Callable[..., Any]:
    """Run steps whose samples have certain entropies: a list for each step, one number for each update."""

    def run(steps: list[list[float]], **settings: Any) -> tuple[list[dict[str, Any]], list[list[float]]]:
        config = job(entropy=ADAPTIVE | {"start": 0.0, "gate": True} | settings)
        entropy, run = Entropy(config), trainer(config)
        logged, used = [], []
        for updates in steps:
            run.global_steps += 1
            entropy.on_step_begin(run)
            coefficients = []
            for mean in updates:
                monkeypatch.setattr(
                    "still_verl.integration.callbacks.entropy.entropy_sum", lambda _, m=mean: (8 * m, 8)
                )
                entropy.on_update_begin(run, None)
                coefficients.append(run.loss_values["entropy_coeff"])
            metrics: dict[str, Any] = {
                "actor/loss": 0.0,
                ENTROPY: 77.0,
            }  # what the update sees, which it does not follow
            entropy.on_update(run, metrics)
            logged.append(metrics)
            used.append(coefficients)
        return logged, used

    return run


def test_a_gate_is_the_formula_of_the_paper(gated: Any) -> None:
    entropies = [0.1, 0.2, 0.6, 0.49, 0.51, 0.3, 0.2, 0.1, 0.1, 0.9]
    logged, used = gated([[entropy] for entropy in entropies])
    expected = skywork(entropies, target=0.5, delta=0.005, ceiling=0.02)
    assert [row["still/entropy/coef"] for row in logged] == pytest.approx([coefficient for coefficient, _ in expected])
    assert [row[0] for row in used] == pytest.approx([bonus for _, bonus in expected])
    assert [row["still/entropy/gate"] for row in logged] == [float(entropy <= 0.5) for entropy in entropies]
    assert [row["still/entropy/before_update"] for row in logged] == pytest.approx(entropies)


def test_each_of_several_updates_has_its_gate_and_the_coefficient_follows_their_mean(gated: Any) -> None:
    logged, used = gated([[0.1, 0.7], [0.1, 0.7], [0.2, 0.9]], start=0.01)
    assert used == [[0.01, 0.0], [pytest.approx(0.015), 0.0], [pytest.approx(0.02), 0.0]]
    assert [row["still/entropy/gate"] for row in logged] == [0.5, 0.5, 0.5]
    assert logged[2]["still/entropy/before_update"] == pytest.approx(0.55)


def test_without_a_gate_the_bonus_stays_above_the_target(job: Any, trainer: Any) -> None:
    config = job(entropy=ADAPTIVE)
    entropy, run = Entropy(config), trainer(config)
    run.step(entropy, **{ENTROPY: 0.9})
    assert run.loss_values["entropy_coeff"] == 0.01
    assert "still/entropy/gate" not in run.step(entropy, **{ENTROPY: 0.9})
