"""What a term says about the right answers of a data set before anybody is paid by them.

A term that is paid by `ground_truth` says with the decorator `reads_gold` what is wrong with one. The check of a job
asks each term of its reward about each right answer. A term of your own may do so, too.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from still_verl.rewards.gold_check import self_fault
from still_verl.rewards.registries import TERMS

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset

Term = TypeVar("Term", bound=Callable[..., Any])
Fault = Callable[[Any, "Preset"], str]

_ATTRIBUTE = "gold_fault"


def reads_gold(fault: Fault) -> Callable[[Term], Term]:
    """Let a term say what is wrong with a right answer.

    Args:
        fault: a function (ground_truth, preset) that returns what is wrong in one line; nothing if the term can be
            paid by it.

    Example:
        >>> @reads_gold(lambda ground_truth, preset: "" if ground_truth else "there are no tests")
        ... def passes(sample):
        ...     return 1.0
        >>> passes.gold_fault([], None)
        'there are no tests'
    """

    def decorate(term: Term) -> Term:
        setattr(term, _ATTRIBUTE, fault)
        return term

    return decorate


def reads_the_gold(term: Callable[..., Any]) -> bool:
    """Say whether a term is paid by the right answer of the data."""
    return hasattr(term, _ATTRIBUTE)


def boxed_fault(ground_truth: Any, preset: "Preset") -> str:
    """Say why a response with exactly this answer in its box would not be paid; nothing if it would."""
    return self_fault(ground_truth, preset.verifier)


def fault_of(preset: "Preset") -> Callable[[Any], str] | None:
    """Return what asks all terms of a preset about a right answer; None if no term is paid by it."""
    faults: list[Fault] = []
    for name in preset.terms:
        fault = getattr(TERMS.find(name), _ATTRIBUTE, None)
        if fault is not None and fault not in faults:
            faults.append(fault)
    if not faults:
        return None

    def ask(ground_truth: Any) -> str:
        for fault in faults:
            said = fault(ground_truth, preset)
            if said:
                return said
        return ""

    return ask
