"""ScaleRL's sigmoid is fitted where there is enough of a curve, and nowhere else."""

import random
from pathlib import Path

import numpy as np
import pytest

from still_verl.report.chart import groups_of
from still_verl.report.comparison.arms import group
from still_verl.report.run import Run
from still_verl.report.scaling import fit, scaling_chart, scaling_sentence, sigmoid

Points = list[tuple[int, float]]


def curve(last: int, ceiling: float, middle: float, noise: float = 0.005, seed: int = 1, number: int = 16) -> Points:
    steps = np.linspace(0, last, number).round().astype(int)
    values = sigmoid(steps.astype(float), 0.2, ceiling, middle, 1.6)
    draw = random.Random(seed)
    return [(int(step), float(value) + draw.gauss(0, noise)) for step, value in zip(steps, values, strict=True)]


def test_the_ceiling_of_a_curve_is_found_within_its_interval_in_most_cases() -> None:
    inside = 0
    for seed in range(40):
        found = fit(curve(400, 0.7, 80, seed=seed))
        assert found is not None and found.ceiling == pytest.approx(0.7, abs=0.06)
        inside += found.interval[0] <= 0.7 <= found.interval[1]
    assert inside >= 34, f"{inside} of 40 intervals of 95 %"


@pytest.mark.parametrize(
    "points",
    [
        curve(400, 0.7, 80, number=7),  # too few
        curve(100, 0.9, 800),  # its middle is not reached
        curve(400, 0.2, 80),  # no rise
        curve(400, 0.7, 80, noise=0.3),  # noise only
        [(step, 1.5) for step in range(20)],  # a score, no share
        [(0, 0.5)] * 20,
        [(step, 0.2 + step / 100) for step in range(20)],  # a straight line says nothing of its end
    ],
)
def test_too_little_of_a_curve_gives_no_ceiling(points: Points) -> None:
    assert fit(points) is None


def test_a_sentence_and_a_chart_say_where_accuracy_is_heading() -> None:
    run = Run("a", Path("a"), {"val-core/math/acc/mean@4": dict(curve(400, 0.7, 80))})
    text = scaling_sentence(run)
    assert text.startswith("If it goes on along ScaleRL's sigmoid, accuracy on math ends at 7") and "[" in text
    chart = scaling_chart(groups_of(group([run])))
    assert chart is not None and chart.figure["data"][1]["x"][-1] == 800
    assert scaling_sentence(Run("b", Path("b"), {"val-core/math/acc/mean@4": {0: 0.1, 9: 0.2}})) == ""
