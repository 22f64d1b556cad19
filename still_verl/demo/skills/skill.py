"""What a skill of the tiny model is."""

import random
from dataclasses import dataclass
from typing import Any, Protocol

from still_verl.demo.tasks import is_validation


@dataclass(frozen=True)
class Problem:
    """One problem.

    Attributes:
        prompt: what the model is asked.
        ground_truth: what the reward of its domain reads.
        facts: what a response is written from.
        key: what makes it the same problem as another.
    """

    prompt: str
    ground_truth: str
    facts: Any
    key: str


class Skill(Protocol):
    """A kind of problem, and what the model reads about it before RL."""

    source: str  # the column `data_source`

    def draw(self, rng: random.Random) -> Problem:
        """Draw a problem, of training or of validation."""
        ...

    def respond(self, problem: Problem, rng: random.Random) -> str:
        """Write a response, often with a mistake."""
        ...


def draw(skill: Skill, rng: random.Random, validation: bool = False) -> Problem:
    """Draw a problem of training or of validation. Which it is depends on its key alone, so that no seed mixes them."""
    while True:
        problem = skill.draw(rng)
        if is_validation(problem.key) == validation:
            return problem
