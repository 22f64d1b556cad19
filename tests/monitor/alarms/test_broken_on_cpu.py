"""Which figures count as not finite, however a logger writes them, and which were only not logged."""

import math
from typing import Any

import numpy as np
import pytest

from still_verl.monitor.alarms import scan
from still_verl.monitor.alarms.broken import BrokenMetrics


def broken(*rows: dict[str, Any]) -> dict[str, int]:
    found = BrokenMetrics()
    for row in rows:
        found.observe(row)
    return found.counts


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "NaN", np.float32("nan")])
def test_a_figure_that_was_a_number_and_is_not(value: Any) -> None:
    assert broken(*[{"x": 1.0}] * 3, {"x": value}, {"x": value}) == {"x": 2}
    assert broken(*[{"x": 1.0}] * 3, {"x": value}, {"x": 2.0}) == {}


def test_what_is_not_logged_in_every_step_is_not_broken() -> None:
    table = [{"val": 0.5 if step % 20 == 0 else math.nan, "loss": 1.0} for step in range(100)]  # columns of a table
    sparse = [{"val": 0.5} if step % 20 == 0 else {"loss": 1.0} for step in range(100)]
    assert broken(*table) == {} == broken(*sparse)
    assert broken(*[{"critic/values/mean": math.nan}] * 50) == {}, "verl's figure of a critic that is not there"
    assert broken(*[{"perf/mfu": 0.3}] * 5, {"perf/mfu": math.nan}) == {}, "it says nothing about training"


def test_a_run_that_is_broken_from_its_first_step() -> None:
    assert broken({"actor/grad_norm": math.nan, "actor/entropy": 0.3}) == {"actor/grad_norm": 1}
    (first, second) = scan([{"step": step, "actor/grad_norm": None} for step in range(1, 20)])
    assert (first.severity, first.step, second.severity, second.step) == ("warning", 1, "critical", 3)


@pytest.mark.parametrize("value", ["text", [1, 2], {}, object(), 10**400])
def test_what_is_no_number_at_all_is_left_out(value: Any) -> None:
    assert broken(*[{"x": 1.0}] * 3, {"x": value}) == {}
