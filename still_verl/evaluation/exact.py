"""Numbers that are known to differ, so that no verifier need be asked: most answers of a benchmark are such numbers."""

import math
from functools import lru_cache

from still_verl.rewards.equivalence import clock
from still_verl.rewards.equivalence.answer_types import Formula
from still_verl.rewards.equivalence.cost import caller_seconds, cost
from still_verl.rewards.equivalence.evaluate import Evaluator
from still_verl.rewards.equivalence.node import Node
from still_verl.rewards.equivalence.normalize import normalize
from still_verl.rewards.equivalence.read.interpret import interpret

LONGEST = 200  # characters of an answer whose value is looked for
_REAL_CONSTANTS = frozenset({"π", "e"})


def are_different_numbers(left: str, right: str) -> bool:
    r"""Return whether two answers are numbers that each verifier compares exactly, and that differ.

    Example:
        >>> are_different_numbers(r"\frac{1}{2}", "2"), are_different_numbers("0.3", "1/3")
        (True, False)
    """
    first, second = exact_value(left), exact_value(right)
    return first is not None and second is not None and not math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)


@lru_cache(maxsize=65_536)
def exact_value(answer: str) -> float | None:
    """Return the value of an answer that is a real number without unit and decimal places; None for any other."""
    if len(answer) > LONGEST:
        return None
    try:
        with clock.limited(caller_seconds(cost(answer))):
            interpretations = interpret(normalize(answer))
            if len(interpretations) != 1 or not isinstance(interpretations[0], Formula):
                return None
            formula = interpretations[0]
            node = formula.node
            if node is None or formula.unit or formula.is_about or node.has(_has_decimals):
                return None
            if not node.symbols() <= _REAL_CONSTANTS:
                return None
            value = float(Evaluator({}).real(node))
    except (ArithmeticError, clock.OutOfTime, TypeError, ValueError, RecursionError):
        return None
    return value if math.isfinite(value) else None


def _has_decimals(node: Node) -> bool:
    return node.kind == "number" and node.decimals > 0
