"""How the pass rates of a set are spread: a mixture of Beta distributions that explains all samples well.

One Beta distribution has at most two places where many rates are. Of a set that was put together from easy and hard
ones, it would say that the rates between are common, too. So narrow and wide Beta distributions all over [0, 1] stand
beside the best single one, and expectation maximisation finds the share of each. The parts stay as they are, so that
the likelihood has one maximum. It is not followed to its end, where the shares would fit the luck of these samples: the
best single distribution begins with half of all, and the rounds are few.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import betaln

from still_verl.curation.difficulty.posterior import Array, Beta, Mixture, mixture_of
from still_verl.stats.beta_binomial import Spread, fit

MEANS = np.linspace(0.02, 0.98, 25)  # of the parts
WEIGHTS = np.array([8.0, 30.0, 100.0])  # of the parts: a + b, so many samples narrow a distribution as much
ROUNDS = 30
SMALLEST_SHARE = 1e-4  # a part with less is left out
_ROUNDS_OF_ONE = 500


def fit_mixture(counts: Sequence[tuple[int, int]]) -> Mixture:
    """Return how the pass rates of some problems are spread.

    Args:
        counts: right samples and all samples of each problem, at least one of each.
    """
    seen = np.array(counts, dtype=float)
    one = fit(seen[:, 0], seen[:, 1], Spread(*Beta()), _ROUNDS_OF_ONE)
    means = np.tile(MEANS, len(WEIGHTS))
    weights = np.repeat(WEIGHTS, len(MEANS))
    a = np.append(weights * means, one.a)
    b = np.append(weights * (1 - means), one.b)
    shares = np.full(len(a), 0.5 / len(means))
    shares[-1] = 0.5
    shares = _maximise(seen, a, b, shares)
    kept = shares >= SMALLEST_SHARE
    return mixture_of(a[kept], b[kept], shares[kept] / shares[kept].sum())


def _maximise(seen: Array, a: Array, b: Array, shares: Array) -> Array:
    """Return the shares after some rounds of expectation maximisation.

    Args:
        seen: right samples and all samples of each problem, shape (problems, 2).
        a: of each part, shape (parts,); likewise `b`.
        shares: to begin with.
    """
    pairs, repeats = np.unique(seen, axis=0, return_counts=True)
    right, samples = pairs[:, :1], pairs[:, 1:]
    foretold = betaln(a + right, b + samples - right) - betaln(a, b)
    likelihood = np.exp(foretold - foretold.max(axis=1, keepdims=True))
    for _ in range(ROUNDS):
        belongs = likelihood * shares
        belongs /= belongs.sum(axis=1, keepdims=True)
        shares = repeats @ belongs / repeats.sum()
    return shares
