"""What a reward is made of: one pure function for each idea, with its source.

P is the paper (arXiv 2503.04548) by section. Lengths are in tokens of the response.
"""

import re

ACTIONS = ("however", "but", "wait", "verify", "alternatively")
MAX_ACTIONS = 20

_ACTION = re.compile(rf"\b(?:{'|'.join(ACTIONS)})\b", re.IGNORECASE)


def correctness(correct: bool) -> float:
    """1 or 0 (P 2)."""
    return float(correct)


def signed_correctness(correct: bool) -> float:
    """1 or -1 (P 4.2, and the released server of the 1.5B model)."""
    return 1.0 if correct else -1.0


def length_ratio(tokens: int, max_tokens: int) -> float:
    """The share of the context window that the response takes: the L/L_max of RRL (P 4.2)."""
    return tokens / max_tokens


def action_ratio(response: str) -> float:
    """min(A, 20)/20 with A the number of action words, as whole words in any case: the bonus of RRA (P 4.2)."""
    count = sum(1 for _ in zip(_ACTION.finditer(response), range(MAX_ACTIONS), strict=False))
    return count / MAX_ACTIONS


def finished(tokens: int, max_tokens: int) -> float:
    """1 for a response that ended by itself, 0 for one that was cut: what the overlong mask keeps (P 4.2, ORM)."""
    return float(tokens < max_tokens)


def soft_overlong(tokens: int, max_tokens: int, buffer: int) -> float:
    """0 until `buffer` tokens before the limit, then falling in a line to -1 (DAPO, arXiv 2503.14476, eq. 13)."""
    excess = tokens - (max_tokens - buffer)
    return -min(max(excess / buffer, 0.0), 1.0)


def useful_tools(correct: bool, succeeded: int) -> float:
    """1 for a right answer with at least one call of a tool that succeeded, else 0.

    The conditional tool bonus of DeepEyes (arXiv 2505.14362): calls alone pay nothing, and more calls not more, so that
    a model cannot earn by calling for calling's sake.
    """
    return float(correct and succeeded > 0)


def repetition(response: str, words: int = 20) -> float:
    """Minus the share of `words`-grams that occurred before (open-r1, `get_repetition_penalty_reward`), in [-1, 0]."""
    tokens = response.split()
    total = len(tokens) - words + 1
    if total < 1:
        return 0.0
    return len({tuple(tokens[start : start + words]) for start in range(total)}) / total - 1.0
