"""maj@k against all subsets, voted one by one."""

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations

import pytest

from still_verl.stats.majority import majority, majority_at
from still_verl.stats.problems import Problem

Sample = tuple[str | None, bool]


def problem_of(samples: list[Sample]) -> Problem:
    problem = Problem()
    for answer, correct in samples:
        problem.add(correct, answer)
    return problem


def brute_force(samples: list[Sample], k: int) -> float:
    """Vote in every subset. The winner is as right as a random one of its samples."""
    rates = {}
    for answer in {answer for answer, _ in samples}:
        judged = [correct for other, correct in samples if other == answer]
        rates[answer] = Fraction(sum(judged), len(judged))
    total, subsets = Fraction(0), 0
    for subset in combinations(samples, k):
        subsets += 1
        votes = Counter(answer for answer, _ in subset if answer is not None)
        if votes:
            most = max(votes.values())
            winners = [answer for answer, cast in votes.items() if cast == most]
            total += sum(rates[answer] for answer in winners) / len(winners)
    return float(total / subsets)


@pytest.mark.parametrize("part", range(10))
def test_fifty_random_patterns(part: int) -> None:
    """Answers, right ones among them, samples without one, and classes of which not all samples were judged alike."""
    draw = random.Random(part)
    for _ in range(50):
        answers = draw.sample("abcdef", draw.randint(1, 6)) + [None] * draw.randint(0, 2)
        right = draw.choice(["a", "b", "none"])
        samples = []
        for _ in range(draw.randint(1, 10 if part else 12)):
            answer = draw.choice(answers)
            doubted = draw.random() < 0.05
            samples.append((answer, answer is not None and (answer == right) != doubted))
        expected = [brute_force(samples, k) for k in range(1, len(samples) + 1)]
        assert majority(problem_of(samples))[1:] == pytest.approx(expected, abs=1e-12)


def test_a_tie_is_shared_whatever_came_first() -> None:
    for samples in ([("a", True), ("b", False)], [("b", False), ("a", True)]):
        assert majority_at(problem_of(samples), 2) == 0.5


def test_silence_is_no_answer_that_wins() -> None:
    samples: list[Sample] = [(None, False), (None, False), (None, False), ("a", True)]
    assert majority_at(problem_of(samples), 4) == 1
    assert majority_at(problem_of(samples), 1) == 0.25
    assert majority(problem_of([(None, False)])) == (0.0, 0.0)


def test_more_than_there_are_is_not_defined() -> None:
    assert majority_at(problem_of([("a", True)] * 4), 64) is None


def exact(right: int, wrong: int, silent: int, k: int) -> float:
    """The vote of two classes, as a sum of fractions: the other way to know the answer for many samples."""
    from math import comb

    total = Fraction(0)
    for own in range(min(right, k) + 1):
        for other in range(min(wrong, k - own) + 1):
            subsets = comb(right, own) * comb(wrong, other) * comb(silent, k - own - other)
            if own > other:
                total += subsets
            elif own == other and own:
                total += Fraction(subsets, 2)
    return float(total / comb(right + wrong + silent, k))


@pytest.mark.parametrize("counts", [(500, 500, 24), (40, 60, 924), (1, 1023, 0), (1023, 1, 0), (512, 512, 0)])
def test_a_thousand_samples_keep_twelve_digits(counts: tuple[int, int, int]) -> None:
    right, wrong, silent = counts
    samples: list[Sample] = [("a", True)] * right + [("b", False)] * wrong + [(None, False)] * silent
    found = majority(problem_of(samples))
    for k in (1, 2, 17, 64, 1023, 1024):
        assert found[k] == pytest.approx(exact(right, wrong, silent, k), abs=1e-12)


def test_too_many_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 1024"):
        majority(problem_of([("a", True)] * 1025))
