"""The nine kinds of fault that a reward must not have: the pairs that were reported, and ten or more others each.

A file of `kinds/` has one kind, `gold ||| answer` under a heading `## listed: accept`. Both readings accept what stands
under `accept`, the lenient one alone what stands under `lenient`, and none accepts what stands under `refuse`. Golds of
kind 3 are written in Python, answers of kind 9 are whole responses, and kind 2 has answers that must not take long.
"""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from still_verl.rewards.equivalence.normalize import compact, normalize
from still_verl.rewards.equivalence.reading import READINGS, Reading
from still_verl.rewards.equivalence.symbolic import decide
from still_verl.rewards.equivalence.verify import in_caller
from still_verl.rewards.extract import extract
from still_verl.rewards.gold import UnreadableGold, read_gold

FILES = sorted((Path(__file__).parent / "kinds").glob("*.txt"))
FURTHER = 10
SLOW_S = 0.2  # of the caller's processor time: ten times what a comparison may take
ACCEPTING = {"accept": ("strict", "lenient"), "lenient": ("lenient",), "refuse": ()}


@dataclass(frozen=True)
class Case:
    origin: str
    expected: str
    line: str

    def parts(self) -> tuple[str, str]:
        gold, answer = self.line.split(" ||| ")
        return gold, answer


def read(file: Path) -> list[Case]:
    cases = []
    for line in file.read_text().splitlines():
        if line.startswith("## "):
            origin, expected = line.removeprefix("## ").split(": ")
        elif line:
            cases.append(Case(origin, expected, line))
    return cases


def is_equal(gold: Any, answer: str, reading: Reading) -> bool:
    """What `verify` decides, with the worker's part in this process."""
    for text in read_gold(gold):
        wanted = compact(normalize(text))
        if wanted and (wanted == compact(normalize(answer)) or decide(text, answer, reading)[0]):
            return True
    return False


def verdict(file: Path, case: Case) -> str:
    gold, answer = case.parts()
    wanted = eval(gold, {"float": float, "object": object}) if file.name.startswith("3") else gold  # noqa: S307
    if file.name.startswith("9"):
        answer = extract(answer.replace(r"\n", "\n"), ("boxed",)).answer
    try:
        accepting = tuple(reading for reading in READINGS if is_equal(wanted, answer, reading))
    except UnreadableGold:
        return "unreadable"
    return {accepted: name for name, accepted in ACCEPTING.items()}[accepting]


@pytest.mark.parametrize("file", [file for file in FILES if file.name[0] != "2"], ids=lambda file: file.stem)
def test_verdicts(file: Path) -> None:
    wrong = [(case.line, found) for case in read(file) if (found := verdict(file, case)) != case.expected]
    assert wrong == []


def test_nothing_freezes_the_caller() -> None:
    in_caller("1", r"\sqrt{2}", "strict")  # what the first comparison of a process imports is no answer's time
    for case in read(next(file for file in FILES if file.name.startswith("2"))):
        for gold in ("12", "x+1"):
            started = time.thread_time()
            in_caller(gold, case.line, "strict")
            assert time.thread_time() - started < SLOW_S, case.line


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_kind_has_pairs_that_were_not_reported(file: Path) -> None:
    cases = read(file)
    assert len({case.line for case in cases}) == len(cases)
    counts = Counter(case.origin for case in cases)
    assert counts["listed"] > 0
    assert counts["further"] >= FURTHER


def test_there_are_nine_kinds() -> None:
    assert [file.name[0] for file in FILES] == [*"123456789"]
