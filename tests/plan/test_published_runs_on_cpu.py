"""The range of a plan, and whole runs that it was and was not fitted to: the figures of docs/plan.md."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from still_verl.plan.calibration import RUN_RANGE

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARKS / "plan_whole_runs.py"))


@pytest.fixture(scope="module")
def ratios(benchmark: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    fitted, held_out = benchmark["halves"]()
    assert not {run.project for run in fitted} & {run.project for run in held_out}
    fitted, held_out = ({run.name: benchmark["ratio"](run) for run in half} for half in (fitted, held_out))
    return fitted, held_out


def test_the_printed_range_is_the_fitted_one(benchmark: dict[str, Any]) -> None:
    fitted, _ = benchmark["halves"]()
    assert benchmark["fit"](fitted) == pytest.approx(RUN_RANGE, rel=0.02)
    assert RUN_RANGE[1] / RUN_RANGE[0] <= 3


def test_all_held_out_runs_but_the_14b_on_code_lie_in_it(ratios: tuple[dict[str, float], dict[str, float]]) -> None:
    _, held_out = ratios
    low, high = RUN_RANGE
    outside = [name for name, times in held_out.items() if not low <= times <= high]
    assert len(held_out) == 6 and outside == ["the same, 14B, code"]
    middle = (low * high) ** 0.5
    assert [name for name, times in held_out.items() if not middle / 2 <= times <= 2 * middle] == outside


def test_no_run_is_further_off_than_2_5_times(ratios: tuple[dict[str, float], dict[str, float]]) -> None:
    middle = (RUN_RANGE[0] * RUN_RANGE[1]) ** 0.5
    for half in ratios:
        for name, times in half.items():
            assert middle / 2.5 < times < 2.5 * middle, name


def test_every_number_has_its_address(benchmark: dict[str, Any]) -> None:
    for half in benchmark["halves"]():
        for run in half:
            assert run.sources and any(source.startswith("https://") for source in run.sources), run.name
