"""maj@k: how often the answer that most of k samples give is right.

It is the exact mean over all subsets of k of the n samples of a problem, without drawing any. Samples vote for classes
of equal answers. A sample without an answer votes for nothing, and where nobody votes the answer is wrong. Classes with
equally many votes share the decision equally.

For a class with v votes to win, every other class has v votes or less. The number of such subsets of k is the
coefficient of x^k in a product with one factor for each class, sum over j of C(class, j) x^j up to j = v. The number of
classes with exactly v votes is kept apart, as the row of an array, because each of them shares the decision.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from still_verl.stats.problems import Problem

LARGEST = 1024  # samples of a problem: with more, the smallest share of subsets is no normal float

Floats = NDArray[np.float64]
Class = tuple[int, int]  # samples, right ones of them


def majority_at(problem: Problem, k: int) -> float | None:
    """Compute the expected correctness of the vote of `k` samples; None where `k` is more than there are.

    Where samples of one class were judged differently, a class that wins counts the share of its right samples.

    Raises:
        ValueError: `k` is less than 1, or the problem has more than 1,024 samples.
    """
    if k < 1:
        raise ValueError(f"k={k}: use 1 or more")
    if k > problem.samples:
        return None
    return majority(problem)[k]


def majority(problem: Problem) -> tuple[float, ...]:
    """Compute `majority_at` for all k from 0 to the number of samples. Index 0 is the vote of nobody, 0.

    Raises:
        ValueError: the problem has more than 1,024 samples.

    Example:
        >>> from still_verl.stats.problems import Votes
        >>> majority(Problem(3, 2, {"7": Votes(2, 2), "8": Votes(1, 0)}))
        (0.0, 0.666..., 0.666..., 1.0)
    """
    if problem.samples > LARGEST:
        raise ValueError(f"{problem.samples} samples of one problem: maj@k is computed for at most {LARGEST}")
    classes = []
    for votes in problem.votes.values():
        classes.append((votes.samples, votes.right))
    return _majority(problem.samples, tuple(sorted(classes)))


@lru_cache(maxsize=8192)  # many problems have the same counts
def _majority(samples: int, classes: tuple[Class, ...]) -> tuple[float, ...]:
    expected = np.zeros(samples + 1)
    for index, (size, right) in enumerate(classes):
        if right:
            others = [other for other, _ in classes[:index] + classes[index + 1 :]]
            expected += right / size * _wins(samples, size, others)
    # Subsets of k, as shares of all 2^n subsets; a share of a share is the probability for one k.
    expected /= _shares(samples)
    expected[0] = 0.0
    return tuple(np.clip(expected, 0, 1).tolist())


def _wins(samples: int, size: int, others: Iterable[int]) -> Floats:
    """Compute, for each k, the share of all subsets that have k samples and give the class its win, or its part."""
    counts = list(others)
    silent = samples - size - sum(counts)
    wins = np.zeros(samples + 1)
    own = _shares(size)
    for votes in range(1, size + 1):
        # Classes that cannot reach as many votes are no rivals: they behave as samples without an answer.
        rivals = [count for count in counts if count >= votes]
        harmless = silent + sum(counts) - sum(rivals)
        state = np.zeros((len(rivals) + 1, samples + 1))
        state[0, : harmless + 1] = _shares(harmless)
        for rival in rivals:
            state = _add_rival(state, _shares(rival), votes)
        parts = 1 / np.arange(1, len(rivals) + 2)
        wins[votes:] += own[votes] * (parts @ state)[: samples + 1 - votes]
    return wins


def _add_rival(state: Floats, shares: Floats, votes: int) -> Floats:
    """Let one more class vote, with at most `votes`. The rows of `state` are ties with `votes`, its columns samples."""
    grown = np.zeros_like(state)
    columns = state.shape[1]
    for cast in range(votes):
        grown[:, cast:] += shares[cast] * state[:, : columns - cast]
    grown[1:, votes:] += shares[votes] * state[:-1, : columns - votes]
    return grown


@lru_cache(maxsize=2048)
def _shares(size: int) -> Floats:
    """Compute the share of the subsets of `size` samples that have 0, 1, ... of them: C(size, j) / 2^size."""
    whole = 2**size
    return np.array([comb(size, chosen) / whole for chosen in range(size + 1)])
