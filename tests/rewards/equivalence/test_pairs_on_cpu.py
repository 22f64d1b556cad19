"""What each reading accepts and refuses: the tables of `pairs/`, decided as in a worker.

A line is `gold ||| answer` under a heading `## accept: rule`. Both readings accept what stands under `accept`, only the
lenient one accepts what stands under `lenient`, and none accepts what stands under `refuse`.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from still_verl.rewards.equivalence.compare.comparison import DIFFERENCES
from still_verl.rewards.equivalence.decide import decide as decide_by_rules
from still_verl.rewards.equivalence.normalize import compact, normalize
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.equivalence.symbolic import decide

FOLDER = Path(__file__).parent / "pairs"
EXPECTED = {"accept": ("strict", "lenient"), "lenient": ("lenient",), "refuse": ()}


@dataclass(frozen=True)
class Case:
    file: str
    part: str
    gold: str
    answer: str


def read_cases() -> list[Case]:
    cases = []
    for file in sorted(FOLDER.glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.startswith("## "):
                part, _ = line.removeprefix("## ").split(": ")
            elif line:
                gold, answer = line.split(" ||| ")
                cases.append(Case(file.stem, part, gold, answer))
    return cases


CASES = read_cases()
TABLES = sorted({(case.file, case.part) for case in CASES})


def is_equal(gold: str, answer: str, reading: Reading) -> bool:
    """The first step of `verify`, and what a worker does."""
    if compact(normalize(gold)) == compact(normalize(answer)):
        return True
    return decide(gold, answer, reading)[0] is True


@pytest.mark.parametrize(("file", "part"), TABLES)
def test_who_accepts(file: str, part: str) -> None:
    """One test for each table: hundreds would take longer to set up than to decide."""
    wrong = []
    for case in CASES:
        if (case.file, case.part) == (file, part):
            accepting = tuple(reading for reading in READINGS if is_equal(case.gold, case.answer, reading))
            if accepting != EXPECTED[part]:
                wrong.append((case.gold, case.answer, accepting))
    assert wrong == []


def test_every_part_has_pairs() -> None:
    assert {case.part for case in CASES} == set(EXPECTED)
    assert len(CASES) > 600


@pytest.mark.parametrize("reading", READINGS)
def test_a_no_of_the_rules_has_a_listed_reason(reading: Reading) -> None:
    """Only such a No overrules math-verify; without one the worker asks it."""
    reasons = set()
    for case in CASES:
        equal, reason = decide_by_rules(case.gold, case.answer, reading)
        if equal is False:
            reasons.add(reason)
    assert reasons <= set(DIFFERENCES)
    assert len(reasons) > 3
