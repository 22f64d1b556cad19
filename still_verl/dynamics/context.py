"""How long a response may be in a step."""

from still_verl.dynamics.settings import ContextConfig


def budget_at(config: ContextConfig, step: int) -> int | None:
    """Return the tokens that a response of `step` may have, the first step being 1; None without stages.

    Example:
        >>> staged = ContextConfig(stages=[[1, 8192], [300, 20480]])
        >>> budget_at(staged, 299), budget_at(staged, 300)
        (8192, 20480)
    """
    budget = None
    for begin, tokens in config.stages:
        if begin <= step:
            budget = tokens
    return budget
