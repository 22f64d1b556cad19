"""The additions of the demo, as one skill among others."""

import random

from still_verl.demo import tasks
from still_verl.demo.skills.skill import Problem
from still_verl.demo.traces import write_trace


class Sums:
    """Additions of two numbers of two or three digits; see `tasks` and `traces`."""

    source = "demo/addition"

    def draw(self, rng: random.Random) -> Problem:
        """Draw two numbers. `a+b` and `b+a` are the same problem, and the model with which this one began knew it."""
        a, b = tasks.draw_number(rng), tasks.draw_number(rng)
        return Problem(tasks.question(a, b), str(a + b), (a, b), f"{min(a, b)}+{max(a, b)}")

    def respond(self, problem: Problem, rng: random.Random) -> str:
        """Write a column addition, whose digit sums are now and then wrong."""
        a, b = problem.facts
        return write_trace(a, b, rng)
