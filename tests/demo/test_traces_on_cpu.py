"""Traces: arithmetic that is right except where a mistake was planted."""

import random
import re
from collections.abc import Iterator

from still_verl.demo.tasks import draw_problem
from still_verl.demo.traces import CORRECTIONS, MISTAKES, write_trace

_EQUATION = re.compile(r"([\d+]+)=(\d+)$")


def _traces(count: int) -> Iterator[tuple[int, int, str]]:
    rng = random.Random(0)
    for _ in range(count):
        a, b = draw_problem(rng)
        yield a, b, write_trace(a, b, rng)


def _columns(trace: str) -> list[list[tuple[int, int]]]:
    """(true sum, written sum) of every equation; those of a column and its corrections together."""
    columns: list[list[tuple[int, int]]] = []
    for line in trace.splitlines()[1:-2]:
        found = _EQUATION.search(line)
        assert found, line
        if not line.startswith("Wait, "):
            columns.append([])
        columns[-1].append((sum(map(int, found[1].split("+"))), int(found[2])))
    return columns


def test_thirty_percent_of_the_digit_sums_are_wrong() -> None:
    columns = [column for _, _, trace in _traces(4000) for column in _columns(trace)]
    wrong = [column for column in columns if column[0][0] != column[0][1]]
    assert abs(len(wrong) / len(columns) - MISTAKES) < 0.02
    assert abs(sum(len(column) == 2 for column in wrong) / len(wrong) - CORRECTIONS) < 0.02


def test_only_wrong_sums_are_corrected_and_every_correction_is_right() -> None:
    for _, _, trace in _traces(2000):
        for column in _columns(trace):
            assert len(column) <= 2
            if len(column) == 2:
                (truth, written), (again, corrected) = column
                assert written != truth == again == corrected


def test_the_answer_is_right_exactly_when_no_mistake_stays() -> None:
    right = 0
    for a, b, trace in _traces(2000):
        clean = all(column[-1][0] == column[-1][1] for column in _columns(trace))
        said = trace.rpartition("\\boxed{")[2].removesuffix("}")
        if clean:
            assert int(said) == a + b, trace
        right += said == str(a + b)
    assert 0.3 < right / 2000 < 0.5


def test_a_trace_reads_as_column_addition() -> None:
    clean = next(trace for a, b, trace in _traces(50) if f"{{{a + b}}}" in trace and "Wait" not in trace)
    assert re.fullmatch(r"<think>\n(\d\+\d(\+1)?=\d+\n){2,3}</think>\n\\boxed\{\d+\}", clean)


def test_thinking_stays_short() -> None:
    lengths = [len(trace.partition("</think>")[0]) for _, _, trace in _traces(4000)]
    assert max(lengths) <= 80 and 25 < sum(lengths) / len(lengths) < 40
