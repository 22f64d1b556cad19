"""Changes of level in noise that is known: how often one is seen where there is none, and one of 5 deviations."""

import json
import math

import numpy as np
import pytest

from still_verl.monitor.alarms.changes import Direction, changes
from still_verl.monitor.alarms.history import LEVELS, VALUES, History
from still_verl.monitor.alarms.noise import estimate_noise
from still_verl.monitor.alarms.scales import Factor, Part, Scale

DEVIATION = 0.02
RUNS = range(40)


def noise(steps: int, correlation: float, seed: int) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_normal(steps)
    values = [shocks[0]]
    for shock in shocks[1:]:
        values.append(correlation * values[-1] + math.sqrt(1 - correlation**2) * shock)
    return DEVIATION * np.array(values)


def seen_by(values: np.ndarray, direction: Direction, since: int = 0) -> set[str]:
    history, seen = History(Scale()), set()
    for step, value in enumerate(values):
        history.add(step, float(value))
        if step >= since:
            seen |= {change.test for change in changes(history, direction)}
    return seen


@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.05), (0.5, 0.15)])
def test_noise_alone_is_rarely_a_change(correlation: float, most: float) -> None:
    seen = [seen_by(0.5 + noise(300, correlation, seed), Direction.RISE) != set() for seed in RUNS]
    assert np.mean(seen) <= most


@pytest.mark.parametrize("onset", [1, 20])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_five_deviations_are_seen_within_15_steps(correlation: float, onset: int) -> None:
    ramp = 5 * DEVIATION * np.clip((np.arange(100 + onset + 15) - 99) / onset, 0, 1)
    seen = []
    for seed in RUNS:
        values = 0.5 - ramp + noise(len(ramp), correlation, seed)
        seen.append(bool(seen_by(values, Direction.FALL, since=100)))
    assert np.mean(seen) >= 0.95


def test_a_change_says_what_it_was_and_when_it_began() -> None:
    history = History(Factor(floor=1e-6))
    for step in range(100):
        history.add(step, (100 if step < 80 else 400) * math.exp(noise(100, 0.0, 1)[step]))
    (shift,) = [change for change in changes(history, Direction.RISE) if change.test == "shift"]
    assert shift.before == pytest.approx(100, rel=0.05) and shift.after == pytest.approx(400, rel=0.05)
    assert shift.amount == pytest.approx(math.log(4), rel=0.05) and 70 <= shift.begun <= 85
    assert list(changes(history, Direction.FALL)) == []


def test_a_drift_that_goes_on_is_no_shift() -> None:
    values = 0.1 + 0.004 * np.arange(200) + 0.1 * noise(200, 0.0, 2)
    assert "shift" not in seen_by(values, Direction.RISE, since=80)
    assert "creep" in seen_by(values, Direction.RISE, since=80)


@pytest.mark.parametrize(("correlation", "nearly"), [(0.0, 0.25), (0.8, 0.35)])
def test_noise_is_estimated_beside_a_drift_and_a_jump(correlation: float, nearly: float) -> None:
    found = []
    for seed in RUNS:
        values = noise(150, correlation, seed) + 0.001 * np.arange(150)
        values[100:] += 0.3
        found.append(estimate_noise(values, 1e-6, 0.6).deviation)
    assert np.mean(found) == pytest.approx(DEVIATION, rel=nearly)


def test_one_value_alone_moves_nothing() -> None:
    values = 0.5 + noise(100, 0.0, 3)
    values[90] = 50.0
    assert seen_by(values, Direction.RISE, since=85) == set()


def test_memory_does_not_grow_with_the_run() -> None:
    history = History(Scale())
    values = noise(10_000, 0.5, 4)
    for step, value in enumerate(values):
        history.add(step, float(value))
    assert len(history.values) == VALUES and len(history.levels) <= LEVELS
    assert history.levels[0].step < 100, "the beginning of the run is not forgotten"


def test_a_step_that_comes_again_replaces_what_followed() -> None:
    values = 0.5 + noise(200, 0.0, 5)
    once, resumed = History(Scale()), History(Scale())
    for step in range(100):
        once.add(step, float(values[step]))
        resumed.add(step, float(values[step]))
    for step in range(100, 130):
        resumed.add(step, 9.0)
    for step in range(100, 200):
        once.add(step, float(values[step]))
        resumed.add(step, float(values[step]))
    assert resumed.values == once.values and resumed.steps == once.steps
    assert resumed.highest == once.highest and resumed.levels == once.levels
    resumed.rewind(0)
    assert resumed.values == [] and resumed.count == 0 and resumed.highest is None


def test_a_history_outlives_json() -> None:
    history, again = History(Scale()), History(Scale())
    for step, value in enumerate(noise(100, 0.3, 6)):
        history.add(step, float(value))
    again.load_state_dict(json.loads(json.dumps(history.state_dict())))
    for each in (history, again):
        each.add(100, 1.0)
    assert again == history


def test_parts_of_a_score_are_of_what_a_run_has_covered() -> None:
    assert Part().amount(0.6, 0.3, 0.6) == pytest.approx(0.5)
    assert Part().amount(0.1, -0.1, 0.9) == pytest.approx(0.2 / 0.9), "a score from -1 to 1, near 0"
