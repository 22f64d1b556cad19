"""What `--json` has, from rows; and the comparison of two models' rows."""

import json
from collections.abc import Iterable
from math import sqrt

import numpy as np
import pytest

from still_verl.stats.compare import compare
from still_verl.stats.problems import Row
from still_verl.stats.summary import summarise

# Right answers of five to each problem, as 43 and 59 of 150 might be spread over AIME 24.
BASE = [5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1] + [0] * 15
TRAINED = [5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1] + [0] * 11


def rows_of(right: Iterable[int], samples: int = 5, benchmark: str = "aime24") -> list[Row]:
    rows = []
    for problem, count in enumerate(right):
        for index in range(samples):
            correct = index < count
            rows.append(Row(benchmark, f"p{problem}", correct, "gold" if correct else f"wrong {index}"))
    return rows


@pytest.mark.parametrize(("right", "text"), [(BASE, "28.67"), (TRAINED, "39.33")])
def test_the_studys_headline_has_an_error(right: list[int], text: str) -> None:
    figures = summarise(rows_of(right))["aime24"]
    assert f"{100 * figures['avg']:.2f}" == text
    assert figures["stderr"] == pytest.approx(np.std(np.array(right) / 5, ddof=1) / sqrt(30))
    assert 0.06 < figures["stderr"] < 0.08
    low, high = figures["interval"]
    assert low < figures["avg"] - 0.1 and high > figures["avg"] + 0.1
    assert (figures["problems"], figures["samples"], figures["k"]) == (30, 150, 5)


def test_the_studys_gain_beside_what_could_be_seen() -> None:
    comparison = compare(rows_of(TRAINED), rows_of(BASE))["aime24"]
    assert comparison.difference == pytest.approx(16 / 150)
    assert comparison.detectable is not None and comparison.detectable > 2.5 * (comparison.stderr or 0)
    assert comparison.problems == 30 and comparison.unpaired == ()


def test_figures_by_k_are_means_over_problems() -> None:
    figures = summarise(rows_of([4, 1, 0], samples=4, benchmark="b"))["b"]
    assert figures["avg"] == pytest.approx(5 / 12) and figures["pass"]["1"] == pytest.approx(5 / 12)
    assert figures["pass"]["4"] == pytest.approx(2 / 3) and figures["pass_all"]["4"] == pytest.approx(1 / 3)
    # One right and three wrong answers, all different: a quarter of a tie.
    assert figures["maj"]["4"] == pytest.approx((1 + 0.25) / 3)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_samples_that_were_lost_are_named_and_not_divided_away() -> None:
    rows = rows_of([4, 1], samples=4)
    del rows[-1]
    rows.append(Row("aime24", "p1", None, None))  # nobody could judge it
    rows.append(Row("aime24", "p2", None, None))
    figures = summarise(rows, {"aime24": 4})["aime24"]
    assert figures["incomplete"] == {"p1": 3, "p2": 0}
    assert figures["problems"] == 2 and figures["samples"] == 7
    assert figures["avg"] == pytest.approx((1 + 1 / 3) / 2)
    assert figures["pass"]["3"] == 1 and figures["pass"]["4"] == 1
    assert summarise(rows[-2:])["aime24"]["avg"] is None


def test_four_samples_asked_as_64_are_not_defined() -> None:
    figures = summarise(rows_of([4, 1], samples=4), {"aime24": 64})["aime24"]
    assert figures["k"] == 64 and figures["pass"]["4"] == 1
    for name in ("pass", "pass_all", "maj"):
        assert figures[name]["64"] is None and figures[name]["5"] is None


def test_without_answers_there_is_no_vote() -> None:
    assert summarise([("b", 1, True, None), ("b", 1, False, None)])["b"]["maj"] == {"1": None, "2": None}


def test_benchmarks_are_apart() -> None:
    found = summarise([*rows_of([5], benchmark="a"), *rows_of([0], benchmark="b")])
    assert list(found) == ["a", "b"] and found["a"]["avg"] == 1 and found["b"]["avg"] == 0
    assert found["a"]["stderr"] is None and summarise([]) == {}


@pytest.mark.parametrize("correct", [0.5, "yes", float("nan"), -1])
def test_half_right_is_refused(correct: object) -> None:
    with pytest.raises(ValueError, match="benchmark 'b', problem 3: correct="):
        summarise([("b", 3, correct, None)])


def test_several_benchmarks_are_corrected_and_unpaired_problems_named() -> None:
    first = [*rows_of([5] * 8, benchmark="a"), *rows_of([3] * 9, benchmark="b"), *rows_of([1], benchmark="only")]
    second = [*rows_of([0] * 8, benchmark="a"), *rows_of([2] * 8, benchmark="b")]
    found = compare(first, second)
    assert list(found) == ["a", "b"]
    assert found["a"].p_conservative == 2 / 2**8 and found["a"].p == 1 / 2**8 and found["a"].p_holm == 2 / 2**8
    assert found["b"].unpaired == ("p8",) and found["b"].problems == 8


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(ValueError, match="the first has a, the second b"):
        compare(rows_of([1], benchmark="a"), rows_of([1], benchmark="b"))
