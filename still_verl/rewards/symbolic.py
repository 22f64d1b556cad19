"""What only a worker may run: math-verify, whose cost nothing bounds but a deadline."""

import logging
from functools import lru_cache

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

# Nobody reads these: an answer that does not parse is a verdict here, not an event.
logging.getLogger("math_verify").setLevel(logging.CRITICAL)
logging.getLogger("latex2sympy2_extended").setLevel(logging.CRITICAL)


@lru_cache(maxsize=512)
def parse_gold(gold: str) -> tuple:
    return tuple(parse(f"\\boxed{{{gold}}}", (LatexExtractionConfig(),), parsing_timeout=None))


def parse_answer(answer: str) -> tuple:
    targets = (LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig())
    return tuple(parse(f"\\boxed{{{answer}}}", targets, parsing_timeout=None))


def decide(gold: str, answer: str) -> tuple[bool | None, str]:
    """Whether math-verify takes the two for equal, and the reason; None when one of them does not parse."""
    try:
        left, right = parse_gold(gold), parse_answer(answer)
        if not left or not right:
            return None, "unparsable"
        equal = verify(list(left), list(right), timeout_seconds=None)
        return equal, "math-verify"
    except MemoryError:
        raise
    except Exception as error:  # parsers of parsers: any text may raise anything, and none of it is worth a point
        return None, f"unparsable ({type(error).__name__})"


def warm_up() -> None:
    """Pay for lazy imports and generated parser tables before the first fork."""
    decide(r"\frac{1}{2}", "x^2")
