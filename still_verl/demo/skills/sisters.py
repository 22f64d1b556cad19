"""A puzzle that language models are known to fail: how many sisters has Alice's brother?

The set `aiw` of reasoning-gym, after "Alice in Wonderland" (arXiv 2406.02061). Alice herself is a sister, which is what
the planted mistake forgets.
"""

import random
import re

from still_verl.demo.skills.skill import Problem
from still_verl.rewards.logic import ASK, data_set, ground_truth

FORGETS = 0.6  # share of responses that do not count Alice
_SEEDS = 1 << 30
_SISTERS = re.compile(r"(\d+) (?:sisters|female)")


class Sisters:
    """Puzzles of the set `aiw`, of its two shorter kinds."""

    source = "reasoning_gym/aiw"

    def draw(self, rng: random.Random) -> Problem:
        """Draw a puzzle; its `ground_truth` is what the term `logic` reads."""
        settings = {"task_type_weights": [0.5, 0.5, 0.0], "max_entities": 9}
        (entry,) = data_set("aiw", size=1, seed=rng.randrange(_SEEDS), **settings)
        found = _SISTERS.search(entry["question"])
        assert found is not None, entry["question"]
        return Problem(f"{entry['question']}\n{ASK}", ground_truth(entry), int(found[1]), entry["question"])

    def respond(self, problem: Problem, rng: random.Random) -> str:
        """Count the sisters, and forget Alice more often than not."""
        sisters: int = problem.facts
        if rng.random() < FORGETS:
            return f"<answer>{sisters}</answer>"
        return f"<answer>{sisters + 1}</answer>"
