"""The rule that says how hard a problem is, and when enough of its samples were drawn.

Samples come a few at a time. After each time the posterior is asked; the first answer that it is sure of counts.
Looking often does no harm here: a posterior means the same whatever made somebody stop. If pass rates are spread as
the prior says, at most a share 1 - confidence of the decisions is wrong, whichever rule stops the drawing. So the prior
is fitted to the problems themselves (`fitted`), and a problem near an end of the band, of which no number of samples
would make one sure, is given up early.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc, betaincc, betaln, comb

from still_verl.config_errors import ConfigError
from still_verl.curation.difficulty.posterior import Band, Mixture, posteriors
from still_verl.curation.difficulty.spread import fit_mixture

INSIDE, BELOW, ABOVE, UNDECIDED = "in", "below", "above", "undecided"
DECISIONS = (INSIDE, BELOW, ABOVE, UNDECIDED)
AT_A_TIME = 4
MOST = 64  # samples of a problem
MIN_CHANCE = 0.2
ENOUGH = 100  # problems with samples, from which on their spread is a better prior than none


@dataclass(frozen=True)
class Rule:
    """How sure one has to be of what.

    Attributes:
        band: of pass rates.
        confidence: the probability from which on a decision counts, above 0.5 and below 1.
        prior: of a pass rate.
        at_a_time: samples between two looks.
        most: samples of a problem; one that is not decided then stays undecided.
        min_chance: a problem gets no more samples if the chance that they decide it is below; 0 never gives up.
        fit_prior: whether `fitted` replaces the prior by the spread of the problems' pass rates.
    """

    band: Band = field(default_factory=Band)
    confidence: float = 0.95
    prior: Mixture = field(default_factory=Mixture)
    at_a_time: int = AT_A_TIME
    most: int = MOST
    min_chance: float = MIN_CHANCE
    fit_prior: bool = False

    def __post_init__(self) -> None:
        """Refuse what decides nothing.

        Raises:
            ConfigError: names the option, its value and the fix.
        """
        if not 0 <= self.band.low < self.band.high <= 1:
            raise ConfigError(
                f"--band {self.band.low:g} {self.band.high:g}: give its lower end first, both from 0 to 1"
            )
        if not 0.5 < self.confidence < 1:
            raise ConfigError(f"--confidence {self.confidence:g}: use more than 0.5 and less than 1, such as 0.95")
        for a, b in self.prior.parts:
            if not (0 < a < 1e6 and 0 < b < 1e6):
                raise ConfigError(f"--prior {a:g} {b:g}: use two numbers above 0 and below a million")
        if self.at_a_time < 1:
            raise ConfigError(f"--at-a-time {self.at_a_time}: draw at least one sample between two looks")
        if not 0 <= self.min_chance < 1:
            raise ConfigError(f"--min-chance {self.min_chance:g}: use a chance from 0 (never) to less than 1")
        if self.most < self.at_a_time:
            raise ConfigError(f"--most {self.most}: use at least --at-a-time, which is {self.at_a_time}")

    def decide(self, right: int, samples: int) -> str:
        """Return one of `DECISIONS` for a problem with `right` right samples of `samples`.

        Example:
            >>> Rule().decide(0, 4), Rule().decide(0, 12), Rule().decide(7, 12)
            ('undecided', 'below', 'in')
        """
        return decisions(self, samples)[right]

    def stops(self, right: int, samples: int) -> bool:
        """Return whether a problem needs no more samples: it is decided, has all that it may have, or is given up.

        Example:
            >>> Rule().stops(0, 12), Rule().stops(10, 32), Rule().stops(8, 40)
            (True, False, True)
        """
        if samples >= self.most or self.decide(right, samples) != UNDECIDED:
            return True
        return bool(hope(self, samples)[right] < self.min_chance)


@lru_cache(maxsize=4096)
def decisions(rule: Rule, samples: int) -> tuple[str, ...]:
    """Return one of `DECISIONS` for 0, 1, ... `samples` right ones."""
    if not samples:
        return (UNDECIDED,)  # a prior alone decides nothing
    a, b, shares = posteriors(samples, rule.prior)
    below = (shares * betainc(a, b, rule.band.low)).sum(axis=1)
    above = (shares * betaincc(a, b, rule.band.high)).sum(axis=1)
    found = np.full(samples + 1, UNDECIDED, dtype=object)
    for decision, chance in ((ABOVE, above), (BELOW, below), (INSIDE, 1 - below - above)):
        found[chance >= rule.confidence] = decision
    return tuple(found)


@lru_cache(maxsize=4096)
def hope(rule: Rule, samples: int) -> "np.ndarray[Any, Any]":
    """Return the chance that a problem is decided by the samples that it may still get, for each number of right ones.

    Args:
        rule: when a decision counts.
        samples: that it has.
    """
    decided = np.array([float(decision != UNDECIDED) for decision in decisions(rule, samples)])
    more = min(rule.at_a_time, rule.most - samples)
    if more <= 0:
        return decided
    later = hope(rule, samples + more)
    a, b, shares = posteriors(samples, rule.prior)
    chance = np.zeros(samples + 1)
    for new in range(more + 1):
        weight = comb(more, new) * np.exp(betaln(a + new, b + more - new) - betaln(a, b))
        chance += (shares * weight).sum(axis=1) * later[new : samples + 1 + new]
    return np.maximum(decided, chance)


def fitted(rule: Rule, counts: Iterable[tuple[int, int]]) -> Rule:
    """Return the rule with the spread of some problems' pass rates as its prior, if it asks for that.

    Args:
        rule: as it was given.
        counts: right samples and all samples of each problem; with fewer than `ENOUGH` the rule stays as it is.
    """
    seen = [each for each in counts if each[1] > 0]
    if not rule.fit_prior or len(seen) < ENOUGH:
        return rule
    return replace(rule, prior=fit_mixture(seen))


class Decided(NamedTuple):
    """What became of one problem: the decision, the samples that were drawn, and how many of them were right."""

    decision: str
    samples: int
    right: int


def decide(rule: Rule, draw: Callable[[int], int]) -> Decided:
    """Draw samples of one problem until the rule is sure, or has as many as it may have.

    Args:
        rule: when to stop.
        draw: draws so many more samples, and returns how many of them are right.

    Example:
        >>> decide(Rule(), draw=lambda samples: samples)
        Decided(decision='above', samples=12, right=12)
    """
    samples = right = 0
    while samples == 0 or not rule.stops(right, samples):
        more = min(rule.at_a_time, rule.most - samples)
        right += draw(more)
        samples += more
    return Decided(rule.decide(right, samples), samples, right)
