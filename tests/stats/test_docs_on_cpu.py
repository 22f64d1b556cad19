"""The tables of docs/evaluation.md are what the functions give."""

import re
from math import sqrt
from pathlib import Path

import pytest

from still_verl.stats.interval import unseen
from still_verl.stats.power import detectable_effect, planned_error

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text()
KS = (1, 4, 5, 8, 16, 32, 64)
WITHIN = 0.34 * 0.66 / 2


def detectable_rows() -> list[tuple[int, list[str], float]]:
    """(problems, cells, variance of the difference) of both tables."""
    kind, varied = PAGE.split("| problems | k = 1 ")[1:]
    found = []
    for part, between in ((kind, 0.0), (varied, 0.14**2)):
        for problems, cells in re.findall(r"^\| ([\d,]+)[^|]*\|((?: +[\d.]+ \|){7})$", part, re.MULTILINE):
            found.append((int(problems.replace(",", "")), cells.split("|")[:-1], between))
    return found


def test_there_are_seven_rows() -> None:
    assert [problems for problems, _, _ in detectable_rows()] == [30, 60, 120, 500, 1000, 30, 500]


@pytest.mark.parametrize(("problems", "cells", "between"), detectable_rows())
def test_detectable_differences(problems: int, cells: list[str], between: float) -> None:
    for k, cell in zip(KS, cells, strict=True):
        effect = detectable_effect(planned_error(problems, k, WITHIN, between), problems)
        assert float(cell) == pytest.approx(100 * effect, abs=0.11)


@pytest.mark.parametrize("right", [43, 59])
def test_the_studys_errors(right: int) -> None:
    variance = right / 150 * (1 - right / 150)
    alike, spread, never = (100 * sqrt(variance * share / 30) for share in (1 / 5, 0.5 + 0.5 / 5, 1))
    row = f"| {100 * right / 150:.2f} | {alike:.1f} | {spread:.1f} | {never:.1f} |"
    assert row in PAGE


def test_nothing_right_of_thirty() -> None:
    assert f"0 to {100 * unseen(30):.1f}" in PAGE
