"""Which problems a step asks: one function for each way to rank them, and the draw itself."""

from collections.abc import Callable, Collection

import numpy as np

from still_verl.dynamics.beliefs import Array, Belief, Beliefs
from still_verl.dynamics.registries import CHOOSERS
from still_verl.dynamics.settings import CurriculumConfig
from still_verl.registry import in_one_line

# (belief, settings, random) -> a number for each problem; those with the highest are asked
Chooser = Callable[[Belief, CurriculumConfig, np.random.Generator], Array]


def thompson(belief: Belief, config: CurriculumConfig, random: np.random.Generator) -> Array:
    """Prefer problems whose pass rate may be near the target: each rate is drawn from its posterior (MoPPS).

    A problem that is hardly known is drawn far away as well as near, so that it is tried now and then.
    """
    return -np.abs(random.beta(belief.a, belief.b) - config.target)


def shuffled(belief: Belief, config: CurriculumConfig, random: np.random.Generator) -> Array:
    """Prefer those that were asked least, in random order: epochs of which each has another order."""
    return random.random(len(belief.asked)) - belief.asked


def worth_of(chooser: Chooser, belief: Belief, settings: CurriculumConfig, random: np.random.Generator) -> Array:
    """Ask a function how much it prefers each problem, and check what it returned.

    Raises:
        ValueError: it raised, or returned something else than a number for each problem.
    """
    name, expected = settings.choose, belief.right.shape
    try:
        worth = np.asarray(chooser(belief, settings, random), dtype=float)
    except Exception as error:  # whatever a function of the user's own raises
        raise ValueError(f"still.curriculum.choose={name} raised {in_one_line(error)}") from error
    if worth.shape != expected or np.isnan(worth).any():
        raise ValueError(
            f"still.curriculum.choose={name} returned numbers of shape {worth.shape}, or NaN: return a number for each "
            f"problem, of shape {expected}"
        )
    return worth


class Draw:
    """Draws problems for a run. All that it depends on is in `beliefs` and in the state of `random`.

    The ranking is made once and used up from its top, until there is new evidence.
    """

    def __init__(self, settings: CurriculumConfig, problems: int, seed: int | None) -> None:
        """Prepare for so many problems.

        Raises:
            ConfigError: there is no such function.
        """
        assert settings.choose is not None
        self.settings = settings
        self.beliefs = Beliefs.of(problems)
        self.random = np.random.default_rng(seed)
        self._chooser = CHOOSERS.find(settings.choose)
        self._ranking: list[int] = []  # the best is last

    def next(self, count: int, step: int, busy: Collection[int] = ()) -> list[int]:
        """Return the numbers of `count` problems, and note that they are asked.

        Args:
            count: how many.
            step: of the run.
            busy: problems that are asked already and not answered yet; these are taken again only if all others are
                taken, and resting ones before them.
        """
        taken = set(busy)
        found: list[int] = []
        while len(found) < count:
            if not self._ranking:
                self._ranking = self._rank(step, taken)
            problem = self._ranking.pop()
            if problem in taken and len(taken) < len(self.beliefs):
                continue
            taken.add(problem)
            found.append(problem)
        np.add.at(self.beliefs.asked, found, 1)
        return found

    def forget_ranking(self) -> None:
        """Rank anew at the next draw: there is new evidence, or a checkpoint that knows no ranking."""
        self._ranking = []

    def observe(self, problem: int, right: float, samples: float, step: int) -> None:
        """Add the samples of a problem."""
        settings = self.settings
        self.beliefs.observe(problem, right, samples, step, settings.discount)
        if settings.rest_at is not None:
            self.beliefs.rest(problem, settings.rest_at, settings.rests_until(step))

    def learn(self, step: int) -> None:
        """Fit the prior, and rank anew: the samples of a step are all there."""
        self.beliefs.fit_prior(step, self.settings.discount)
        self.forget_ranking()

    def _rank(self, step: int, taken: set[int]) -> list[int]:
        """Rank the problems that neither rest nor are taken; where there is none, the resting ones, else all."""
        belief = self.beliefs.at(step, self.settings.discount)
        worth = worth_of(self._chooser, belief, self.settings, self.random)
        free = np.ones(len(self.beliefs), dtype=bool)
        free[list(taken)] = False
        awake = free & ~self.beliefs.resting(step)
        if not awake.any() and free.any():  # all are solved: those that rest longest come back
            worth, awake = -self.beliefs.since, free
        elif not awake.any():
            awake = ~free
        problems = np.flatnonzero(awake)
        order = np.argsort(worth[problems], kind="stable")
        return [int(problem) for problem in problems[order]]
