"""What a term that judges responses says of its judgement beside the number, for the row that is logged."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from still_verl.rewards.sample import Sample

Term = TypeVar("Term", bound=Callable[..., Any])
Explanation = dict[str, float | str]

_ATTRIBUTE = "explain"


def explains(explain: "Callable[[Sample], Explanation]") -> Callable[[Term], Term]:
    """Let a term that is a preset's `judge` say more: entries of the row in place of those that `compose` makes.

    Args:
        explain: a function (sample) that returns `reason`, `pred`, `extracted_by` or `unreadable_gold`.

    Example:
        >>> @explains(lambda sample: {"reason": "too short"})
        ... def long_enough(sample):
        ...     return 0.0
        >>> explained(long_enough, None)
        {'reason': 'too short'}
    """

    def decorate(term: Term) -> Term:
        setattr(term, _ATTRIBUTE, explain)
        return term

    return decorate


def explained(term: Callable[..., Any], sample: "Sample") -> Explanation:
    """Return what a term says of its judgement; nothing for one that says nothing."""
    explain = getattr(term, _ATTRIBUTE, None)
    return explain(sample) if explain is not None else {}
