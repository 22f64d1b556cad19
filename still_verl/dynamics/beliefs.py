"""What a run knows of the pass rate of each problem: a Beta posterior, whose evidence fades as the model changes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from still_verl.stats.beta_binomial import Spread, fit

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Belief:
    """What is known at one step, each array with one entry a problem; what a function of the user's own chooses by.

    Attributes:
        right: right samples, faded.
        wrong: wrong samples, likewise.
        asked: how often the problem was chosen.
        prior: of the pass rate of a problem without samples.
    """

    right: Array
    wrong: Array
    asked: Array
    prior: Spread

    @property
    def a(self) -> Array:
        """The first parameter of each posterior."""
        return self.prior.a + self.right

    @property
    def b(self) -> Array:
        """The second parameter of each posterior."""
        return self.prior.b + self.wrong

    @property
    def rates(self) -> Array:
        """The mean of each posterior."""
        return np.asarray(self.a / (self.a + self.b))


@dataclass
class Beliefs:
    """The evidence of a run, as arrays with one entry a problem.

    Attributes:
        right: right samples, as much as was left of them at the step `since`.
        wrong: wrong samples, likewise.
        since: the step of the last evidence.
        asked: how often the problem was chosen.
        rests_until: the step from which on it may be chosen; 0 for one that does not rest.
        prior: fitted to all problems with evidence.
    """

    right: Array
    wrong: Array
    since: Array
    asked: Array
    rests_until: Array
    prior: Spread = field(default_factory=Spread)

    @classmethod
    def of(cls, problems: int) -> "Beliefs":
        """Return what is known of so many problems before the first sample."""
        none = np.zeros(problems)
        return cls(
            none, none.copy(), np.zeros(problems, np.int64), np.zeros(problems, np.int64), np.zeros(problems, np.int64)
        )

    def __len__(self) -> int:
        return len(self.right)

    def at(self, step: int, discount: float) -> Belief:
        """Return what is known at a step: evidence counts `discount` times as much after each one."""
        left = discount ** np.maximum(step - self.since, 0)
        return Belief(self.right * left, self.wrong * left, self.asked, self.prior)

    def observe(self, problem: int, right: float, samples: float, step: int, discount: float) -> None:
        """Add the samples of a problem that a step has brought."""
        left = discount ** max(step - int(self.since[problem]), 0)
        self.right[problem] = self.right[problem] * left + right
        self.wrong[problem] = self.wrong[problem] * left + samples - right
        self.since[problem] = step

    def rest(self, problem: int, rest_at: float, until: int) -> None:
        """Let a problem rest whose share of right samples is at least `rest_at`; wake one whose share is not."""
        samples = self.right[problem] + self.wrong[problem]
        solved = samples > 0 and self.right[problem] >= rest_at * samples
        self.rests_until[problem] = until if solved else 0

    def resting(self, step: int) -> Array:
        """Return for each problem whether it rests at a step."""
        return np.asarray(self.rests_until > step)

    def fit_prior(self, step: int, discount: float) -> None:
        """Fit the prior to what is known now."""
        known = self.at(step, discount)
        self.prior = fit(known.right, known.right + known.wrong, self.prior)
