"""Evaluations for tests, made from numbers: what two models leave, without a model."""

import random
from collections.abc import Callable

import pytest

from still_verl.evaluation.results import numbers
from still_verl.evaluation.rows import Row
from still_verl.report.evaluation.evaluation import Evaluation
from still_verl.report.evaluation.texts import read_texts

EVIL = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)></pre></script> | Wait, let me verify."


def sample(draw: random.Random, benchmark: str, problem: int, index: int, rate: float) -> Row:
    correct = draw.random() < rate
    answered = index > 0
    vote = None
    if answered:
        vote = "7" if correct else str(draw.randint(1, 6))
    return Row(
        benchmark,
        f"p{problem}",
        index,
        prompt=f"What is 3 + 4, for the {problem}th time?",
        response=EVIL + (r" \boxed{7}" if answered else ""),
        answer="7",
        finish_reason="stop",
        tokens=draw.randint(100, 900),
        seconds=2.0,
        correct=correct and answered,
        strict=correct and answered,
        lenient=answered and (correct or problem == 0),
        pred="7" if answered else "",
        extracted_by="boxed" if answered else "",
        vote=vote,
    )


def _make(name: str, seed: int, gain: float, benchmarks: dict[str, int], k: int = 5) -> Evaluation:
    draw = random.Random(seed)
    rates = random.Random(7)  # the problems are as hard for all models
    rows = []
    for benchmark, problems in benchmarks.items():
        for problem in range(problems):
            rate = rates.betavariate(0.7, 0.9)
            for index in range(k):
                rows.append(sample(draw, benchmark, problem, index, rate + gain * (1 - rate)))
    return Evaluation(name, rows, numbers(rows), (), read_texts(rows, rows))


@pytest.fixture
def make_evaluation() -> Callable[..., Evaluation]:
    return _make
