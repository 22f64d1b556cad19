"""The rule that says how hard a problem is, and when enough of its samples were drawn.

Samples come a few at a time. After each time the posterior is asked; the first answer that it is sure of counts.
Looking often does no harm here: a posterior means the same whatever made somebody stop. If pass rates are spread as
the prior says, at most a share 1 - confidence of the decisions is wrong, whichever rule stops the drawing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from still_verl.config_errors import ConfigError
from still_verl.curation.difficulty.posterior import Band, Prior, posterior

INSIDE, BELOW, ABOVE, UNDECIDED = "in", "below", "above", "undecided"
DECISIONS = (INSIDE, BELOW, ABOVE, UNDECIDED)
AT_A_TIME = 4
MOST = 64  # samples of a problem


@dataclass(frozen=True)
class Rule:
    """How sure one has to be of what.

    Attributes:
        band: of pass rates.
        confidence: the probability from which on a decision counts, above 0.5 and below 1.
        prior: of a pass rate.
        at_a_time: samples between two looks.
        most: samples of a problem; one that is not decided then stays undecided.
    """

    band: Band = field(default_factory=Band)
    confidence: float = 0.95
    prior: Prior = field(default_factory=Prior)
    at_a_time: int = AT_A_TIME
    most: int = MOST

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
        for parameter in self.prior:
            if not 0 < parameter < 1e6:
                raise ConfigError(
                    f"--prior {self.prior.a:g} {self.prior.b:g}: use two numbers above 0 and below a million"
                )
        if self.at_a_time < 1:
            raise ConfigError(f"--at-a-time {self.at_a_time}: draw at least one sample between two looks")
        if self.most < self.at_a_time:
            raise ConfigError(f"--most {self.most}: use at least --at-a-time, which is {self.at_a_time}")

    def decide(self, right: int, samples: int) -> str:
        """Return one of `DECISIONS` for a problem with `right` right samples of `samples`.

        Example:
            >>> Rule().decide(0, 4), Rule().decide(0, 12), Rule().decide(7, 12)
            ('undecided', 'below', 'in')
        """
        chances = posterior(right, samples, self.prior).chances(self.band)
        for decision, chance in zip((INSIDE, BELOW, ABOVE), chances, strict=True):
            if samples and chance >= self.confidence:
                return decision
        return UNDECIDED


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
    decision = UNDECIDED
    while decision == UNDECIDED and samples < rule.most:
        more = min(rule.at_a_time, rule.most - samples)
        right += draw(more)
        samples += more
        decision = rule.decide(right, samples)
    return Decided(decision, samples, right)
