"""Expressions in words, for which the model writes a Python program that reads two integers.

Print the larger of x plus 7 and y times 3.

```python
x = int(input())
y = int(input())
print(max(x + 7, y * 3))
```
"""

import json
import random
from dataclasses import dataclass

from still_verl.demo.skills.skill import Problem

MISTAKES = 0.25  # share of choices in a program that are wrong; it has three: two operators and what joins the terms
TESTS = 4

_OPERATORS = {"plus": "+", "minus": "-", "times": "*"}
_JOINED = {
    "the sum of": "{} + {}",
    "the product of": "({}) * ({})",
    "the larger of": "max({}, {})",
    "the smaller of": "min({}, {})",
}


@dataclass(frozen=True)
class Expression:
    """Two terms and what joins them: a key of `_JOINED`, and of each term a key of `_OPERATORS` and a number."""

    joined: str
    x: tuple[str, int]
    y: tuple[str, int]

    def words(self) -> str:
        """Return it in English."""
        return f"{self.joined} x {self.x[0]} {self.x[1]} and y {self.y[0]} {self.y[1]}"

    def python(self) -> str:
        """Return it in Python."""
        return _JOINED[self.joined].format(_term("x", *self.x), _term("y", *self.y))


class Programs:
    """Programs paid by tests of standard input and output."""

    source = "demo/programs"

    def draw(self, rng: random.Random) -> Problem:
        """Draw an expression, and values to test it with."""
        expression = Expression(rng.choice(list(_JOINED)), _draw_term(rng), _draw_term(rng))
        tests: dict[str, list[str]] = {"inputs": [], "outputs": []}
        for _ in range(TESTS):
            x, y = rng.randrange(-50, 50), rng.randrange(-50, 50)
            tests["inputs"].append(f"{x}\n{y}\n")
            tests["outputs"].append(f"{value(expression, x, y)}\n")
        words = expression.words()
        return Problem(f"Print {words}.", json.dumps(tests), expression, words)

    def respond(self, problem: Problem, rng: random.Random) -> str:
        """Write a program, in which operators are now and then others."""
        asked: Expression = problem.facts
        written = Expression(
            _maybe_another(asked.joined, list(_JOINED), rng),
            (_maybe_another(asked.x[0], list(_OPERATORS), rng), asked.x[1]),
            (_maybe_another(asked.y[0], list(_OPERATORS), rng), asked.y[1]),
        )
        lines = ("```python", "x = int(input())", "y = int(input())", f"print({written.python()})", "```")
        return "\n".join(lines)


def value(expression: Expression, x: int, y: int) -> int:
    """Return what an expression is for two numbers."""
    terms = _value_of_term(*expression.x, x), _value_of_term(*expression.y, y)
    if expression.joined == "the sum of":
        return sum(terms)
    if expression.joined == "the product of":
        return terms[0] * terms[1]
    return max(terms) if expression.joined == "the larger of" else min(terms)


def _value_of_term(operator: str, number: int, variable: int) -> int:
    if operator == "plus":
        return variable + number
    return variable - number if operator == "minus" else variable * number


def _term(variable: str, operator: str, number: int) -> str:
    return f"{variable} {_OPERATORS[operator]} {number}"


def _draw_term(rng: random.Random) -> tuple[str, int]:
    return rng.choice(list(_OPERATORS)), rng.randrange(2, 10)


def _maybe_another(right: str, choices: list[str], rng: random.Random) -> str:
    """Return what is right, or now and then something else."""
    if rng.random() >= MISTAKES:
        return right
    return rng.choice([choice for choice in choices if choice != right])
